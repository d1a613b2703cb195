// Judges CSAF documents: node csaf.mjs DIRECTORY_WITH_NODE_MODULES DOCUMENT...
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [place, ...documents] = process.argv.slice(2)
const library = (file) =>
  import(pathToFileURL(path.join(place, 'node_modules/@secvisogram/csaf-validator-lib', file)).href)
const { default: validate } = await library('validate.js')
const tests = [...Object.values(await library('schemaTests.js')), ...Object.values(await library('mandatoryTests.js'))]
let valid = 0
for (const document of documents) {
  const result = await validate(tests, JSON.parse(fs.readFileSync(document, 'utf8')))
  valid += result.isValid ? 1 : 0
  for (const test of result.tests.filter((test) => !test.isValid)) {
    console.error(`${document}: ${test.name}: ${JSON.stringify(test.errors)}`)
  }
}
console.log(`${valid} are valid`)
process.exit(valid === documents.length ? 0 : 1)
