//! scratch
#![expect(clippy::unwrap_used, clippy::print_stdout, reason="scratch")]
use heirloom_formats::repodata::*; use heirloom_formats::rpm_file::*; use heirloom_model::Digest; use std::time::Instant;
fn main(){ let root=std::path::PathBuf::from(std::env::args().nth(1).unwrap());
 let out=std::process::Command::new("find").arg(&root).args(["-name","*.rpm"]).output().unwrap();
 let paths:Vec<_>=String::from_utf8(out.stdout).unwrap().lines().map(std::path::PathBuf::from).collect();
 let t=Instant::now(); let hs:Vec<_>=paths.iter().map(|p|Header::open(p).unwrap()).collect(); println!("headers {} {:?}",hs.len(),t.elapsed());
 let t=Instant::now(); for p in &paths { if let Err(e)=verify_digests(p){println!("{e}")} } println!("verify {:?}",t.elapsed());
 let fr:Vec<_>=paths.iter().zip(&hs).map(|(p,h)|{let b=std::fs::read(p).unwrap(); let l=p.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(); Fragment::from_header(h,&PackageFacts{digest:Digest::of(&b),size:b.len() as u64,file_time:p.metadata().unwrap().modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(),location:&l}).unwrap()}).collect();
 for c in [Compression::Gzip,Compression::Zstd]{ let t=Instant::now(); let w=write_repository(&fr,&[],&Options{compression:c,revision:"1".into(),timestamp:1}).unwrap(); println!("write {c:?} {:?} {} bytes",t.elapsed(),w.files.iter().map(|f|f.bytes.len()).sum::<usize>());
  if let Some(o)=std::env::args().nth(2){ let o=std::path::PathBuf::from(o); std::fs::create_dir_all(o.join("repodata")).unwrap(); for f in &w.files{std::fs::write(o.join(&f.location),&f.bytes).unwrap();} std::fs::write(o.join("repodata/repomd.xml"),&w.repomd_xml).unwrap(); }
  let d=|k:&str|&w.files.iter().find(|f|f.location.contains(k)).unwrap().bytes; let t=Instant::now(); let p=read_packages(heirloom_formats::Document::new("p",d("primary")),heirloom_formats::Document::new("f",d("filelists"))).unwrap(); println!("read {} {:?}",p.len(),t.elapsed());}
}
