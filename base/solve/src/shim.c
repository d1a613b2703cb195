/* What Rust can't call in libsolv: inline functions, macros, and everything behind a struct's layout.
 * Lists come back in a Queue that the caller owns. Nothing here decides anything but the solver's flags. */

#include <string.h>

#include <solv/pool.h>
#include <solv/poolarch.h>
#include <solv/repo.h>
#include <solv/solver.h>
#include <solv/solvversion.h>
#include <solv/util.h>

const char *heirloom_engine(void)
{
    return solv_version;
}

Queue *heirloom_queue_new(void)
{
    Queue *queue = solv_malloc(sizeof *queue);
    queue_init(queue);
    return queue;
}

void heirloom_queue_free(Queue *queue)
{
    queue_free(queue);
    solv_free(queue);
}

const Id *heirloom_queue_ids(const Queue *queue, int *count)
{
    *count = queue->count;
    return queue->elements;
}

/* NULL when this libsolv was built for another package manager only. */
Pool *heirloom_pool_new(const char *arch)
{
    Pool *pool = pool_create();
    /* Debian's library starts with its own semantics, in which `noarch` is no architecture. */
    if (pool_setdisttype(pool, DISTTYPE_RPM) < 0) {
        pool_free(pool);
        return 0;
    }
    /* A machine of a level of x86_64 runs what is below it; older libraries know nothing of levels. */
    if (!strcmp(arch, "x86_64_v4"))
        pool_setarchpolicy(pool, "x86_64_v4:x86_64_v3:x86_64_v2:x86_64:i686:i586:i486:i386");
    else if (!strcmp(arch, "x86_64_v3"))
        pool_setarchpolicy(pool, "x86_64_v3:x86_64_v2:x86_64:i686:i586:i486:i386");
    else if (!strcmp(arch, "x86_64_v2"))
        pool_setarchpolicy(pool, "x86_64_v2:x86_64:i686:i586:i486:i386");
    else
        pool_setarch(pool, arch);
    return pool;
}

Repo *heirloom_repository_new(Pool *pool, const char *name, int priority)
{
    Repo *repository = repo_create(pool, name);
    repository->priority = priority;
    return repository;
}

void heirloom_package_name(Pool *pool, Id package, Id name, Id evr, Id arch)
{
    Solvable *solvable = pool_id2solvable(pool, package);
    solvable->name = name;
    solvable->evr = evr;
    solvable->arch = arch;
}

/* The order is that of `Kind` in ffi.rs. */
static Offset *dependencies(Solvable *solvable, int kind)
{
    switch (kind) {
    case 0: return &solvable->provides;
    case 1: return &solvable->requires;
    case 2: return &solvable->conflicts;
    case 3: return &solvable->obsoletes;
    case 4: return &solvable->recommends;
    case 5: return &solvable->suggests;
    case 6: return &solvable->supplements;
    default: return &solvable->enhances;
    }
}

/* repo_addid alone, since repo_addid_dep looks for duplicates and gets slow with thousands of provides. */
void heirloom_package_add(Pool *pool, Id package, int kind, const Id *ids, int count)
{
    Solvable *solvable = pool_id2solvable(pool, package);
    Offset *list = dependencies(solvable, kind);
    for (int i = 0; i < count; i++)
        *list = repo_addid(solvable->repo, *list, ids[i]);
}

void heirloom_package_list(Pool *pool, Id package, int kind, Queue *out)
{
    Solvable *solvable = pool_id2solvable(pool, package);
    Offset list = *dependencies(solvable, kind);
    if (!list)
        return;
    for (const Id *id = solvable->repo->idarraydata + list; *id; id++)
        queue_push(out, *id);
}

int heirloom_text_count(const Pool *pool)
{
    return pool->ss.nstrings;
}

/* Copies these packages into a repository that counts as installed; returns the first copy's id. The caller
 * must call pool_createwhatprovides() afterwards. */
Id heirloom_present_set(Pool *pool, const Id *packages, int count)
{
    Repo *repository = repo_create(pool, "present");
    Id first = repo_add_solvable_block(repository, count);
    for (int i = 0; i < count; i++) {
        Solvable *from = pool_id2solvable(pool, packages[i]), *to = pool_id2solvable(pool, first + i);
        to->name = from->name;
        to->evr = from->evr;
        to->arch = from->arch;
        for (int kind = 0; kind < 8; kind++) {
            Offset list = *dependencies(from, kind);
            if (!list)
                continue;
            for (const Id *id = from->repo->idarraydata + list; *id; id++)
                *dependencies(to, kind) = repo_addid(repository, *dependencies(to, kind), *id);
        }
    }
    if (pool->considered) {
        map_grow(pool->considered, pool->nsolvables);
        for (int i = 0; i < count; i++)
            MAPSET(pool->considered, first + i);
    }
    pool_set_installed(pool, repository);
    return first;
}

void heirloom_present_clear(Pool *pool)
{
    Repo *repository = pool->installed;
    if (!repository)
        return;
    pool_set_installed(pool, 0);
    repo_free(repository, 1);
}

void heirloom_providers(Pool *pool, Id dependency, Queue *out)
{
    Id package, offset;
    FOR_PROVIDES(package, offset, dependency)
        queue_push(out, package);
}

/* How a dependency is put together: 0 any provider will do, 1 both parts are needed, 2 the first if the second is there
 * (else the third, if it is not 0), 3 otherwise. */
int heirloom_part(Pool *pool, Id dependency, Id *parts)
{
    if (!ISRELDEP(dependency))
        return 0;
    const Reldep *relation = GETRELDEP(pool, dependency);
    parts[0] = relation->name;
    parts[1] = relation->evr;
    parts[2] = 0;
    switch (relation->flags) {
    case REL_AND:
        return 1;
    case REL_COND:
        if (ISRELDEP(relation->evr) && GETRELDEP(pool, relation->evr)->flags == REL_ELSE) {
            const Reldep *branches = GETRELDEP(pool, relation->evr);
            parts[1] = branches->name;
            parts[2] = branches->evr;
        }
        return 2;
    case REL_OR: {
        Id inner[3];
        /* Only of plain alternatives is any provider enough. */
        return heirloom_part(pool, parts[0], inner) == 0 && heirloom_part(pool, parts[1], inner) == 0 ? 0 : 3;
    }
    case REL_UNLESS:
    case REL_ELSE:
        return 3;
    case REL_WITH:
    case REL_WITHOUT:
    default:
        return 0;
    }
}

/* Whether some set of the pool's packages could satisfy it, seen from this dependency alone. */
int heirloom_resolvable(Pool *pool, Id dependency)
{
    if (ISRELDEP(dependency)) {
        const Reldep *relation = GETRELDEP(pool, dependency);
        Id left = relation->name, right = relation->evr;
        switch (relation->flags) {
        case REL_AND:
            return heirloom_resolvable(pool, left) && heirloom_resolvable(pool, right);
        case REL_OR:
            return heirloom_resolvable(pool, left) || heirloom_resolvable(pool, right);
        case REL_COND: { /* left if condition [else otherwise] */
            Id condition = right, otherwise = 0;
            if (ISRELDEP(right) && GETRELDEP(pool, right)->flags == REL_ELSE) {
                const Reldep *branches = GETRELDEP(pool, right);
                condition = branches->name;
                otherwise = branches->evr;
            }
            if (heirloom_resolvable(pool, condition) && !heirloom_resolvable(pool, left))
                return 0;
            return !otherwise || heirloom_resolvable(pool, otherwise);
        }
        case REL_UNLESS: /* left unless condition [else otherwise] */
            return heirloom_resolvable(pool, left);
        }
    }
    return pool_whatprovides_ptr(pool, dependency)[0] != 0;
}

/* Only the packages of these ranges (first, count, first, count ...) count from now on; all without any. The caller
 * must call pool_createwhatprovides() afterwards. */
void heirloom_consider(Pool *pool, const Id *ranges, int count)
{
    if (pool->considered) {
        map_free(pool->considered);
        pool->considered = solv_free(pool->considered);
    }
    if (!count)
        return;
    pool->considered = solv_calloc(1, sizeof(Map));
    map_init(pool->considered, pool->nsolvables);
    for (int i = 0; i + 1 < count; i += 2)
        for (Id package = ranges[i]; package < ranges[i] + ranges[i + 1]; package++)
            MAPSET(pool->considered, package);
}

void heirloom_pool_free(Pool *pool)
{
    heirloom_consider(pool, 0, 0);
    pool_free(pool);
}

/* Makes all architectures of the pool equally good, and packages of two of them no other versions of each other; and
 * back. Debian's libsolv else forbids the lesser one where both are in reach, while rpm and clients of Enterprise Linux
 * have both beside each other. */
static Id *equal_architectures(Pool *pool)
{
    pool_set_flag(pool, POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, 1);
    if (!pool->id2arch)
        return 0;
    size_t count = pool->lastarch + 1;
    Id *kept = solv_memdup(pool->id2arch, count * sizeof(Id));
    for (size_t i = 0; i < count; i++)
        if (pool->id2arch[i] > 1)
            pool->id2arch[i] = (pool->id2arch[i] & 0xffff) | 0x10000;
    return kept;
}

static void restore_architectures(Pool *pool, Id *kept, int colours)
{
    pool_set_flag(pool, POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS, colours);
    if (kept)
        memcpy(pool->id2arch, kept, (pool->lastarch + 1) * sizeof(Id));
    solv_free(kept);
}

/* Told apart from SolverRuleinfo: a package itself was asked for, and is in the place of `from`. */
#define JOB_PACKAGE 0x4f0

/* Solves "install these, keep what is present where possible, as if the hidden packages were not there". What is
 * wanted are dependencies (how 0) or packages (1).
 * `chosen` gets what is installed in the end, `rules` five ids for each rule of each problem: its problem, type,
 * from, to, dependency. Returns the number of problems. */
int heirloom_solve(Pool *pool, const Id *wanted, int count, int how, const Id *hidden, int hidden_count,
                   int weak, Queue *chosen, Queue *rules)
{
    Queue job, found, infos;
    Solver *solver = solver_create(pool);
    queue_init(&job);
    int select = how == 0 ? SOLVER_SOLVABLE_PROVIDES : SOLVER_SOLVABLE;
    for (int i = 0; i < count; i++)
        queue_push2(&job, SOLVER_INSTALL | select, wanted[i]);
    /* What is locked and not installed is never chosen; decided before any choice, it weighs in none. */
    for (int i = 0; i < hidden_count; i++)
        queue_push2(&job, SOLVER_LOCK | SOLVER_SOLVABLE, hidden[i]);

    /* As dnf sets them, so that both choose alike. */
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_VENDORCHANGE, 1);
    solver_set_flag(solver, SOLVER_FLAG_KEEP_ORPHANS, 1);
    solver_set_flag(solver, SOLVER_FLAG_BEST_OBEY_POLICY, 1);
    solver_set_flag(solver, SOLVER_FLAG_YUM_OBSOLETES, 1);
    solver_set_flag(solver, SOLVER_FLAG_URPM_REORDER, 1);
    solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, !weak);
    /* A requirement may replace or remove what is present (dnf --allowerasing). */
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_UNINSTALL, 1);
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_DOWNGRADE, 1);
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_ARCHCHANGE, 1);

    /* What is asked of packages themselves is whether, not which. */
    int colours = pool_get_flag(pool, POOL_FLAG_IMPLICITOBSOLETEUSESCOLORS);
    Id *kept = how == 0 ? 0 : equal_architectures(pool);
    int problems = solver_solve(solver, &job);
    restore_architectures(pool, kept, colours);
    queue_init(&found);
    queue_init(&infos);
    if (!problems) {
        solver_get_decisionqueue(solver, &found);
        for (int i = 0; i < found.count; i++)
            if (found.elements[i] > 0 && found.elements[i] != SYSTEMSOLVABLE)
                queue_push(chosen, found.elements[i]);
    }
    for (int problem = 1; problem <= problems; problem++) {
        queue_empty(&found);
        solver_findallproblemrules(solver, problem, &found);
        for (int i = 0; i < found.count; i++) {
            queue_empty(&infos);
            solver_allruleinfos(solver, found.elements[i], &infos);
            for (int k = 0; k + 3 < infos.count; k += 4) {
                /* A job's `to` is what was asked: that something is hidden has no dependency to tell. */
                if (infos.elements[k] == SOLVER_RULE_JOB
                    && (infos.elements[k + 2] & SOLVER_JOBMASK) == SOLVER_LOCK)
                    continue;
                int type = infos.elements[k], asked = infos.elements[k + 3];
                int package = type == SOLVER_RULE_JOB && how != 0;
                queue_push2(rules, problem, package ? JOB_PACKAGE : type);
                queue_push2(rules, package ? asked : infos.elements[k + 1], infos.elements[k + 2]);
                queue_push(rules, package ? 0 : asked);
            }
        }
    }
    queue_free(&found);
    queue_free(&infos);
    queue_free(&job);
    solver_free(solver);
    return problems;
}
