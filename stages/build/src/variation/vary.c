/*
 * Preloaded into every program of a check: the clock is 400 days ahead, and directories are listed in the
 * opposite order. What a build makes must not depend on either.
 *
 * Times of files are the kernel's, and stay. Programs that are linked statically are not reached.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define AHEAD (400L * 24 * 3600)

static int real_clock(clockid_t clock, struct timespec *at)
{
	return (int)syscall(SYS_clock_gettime, clock, at);
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int result = real_clock(clock, at);
	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI))
		at->tv_sec += AHEAD;
	return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;
	if (zone)
		memset(zone, 0, sizeof(struct timezone));
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	/* Its declaration says that it can not be absent, its callers do not all know. */
	if (at != NULL) {
		at->tv_sec = now.tv_sec;
		at->tv_usec = now.tv_nsec / 1000;
	}
	return 0;
}

time_t time(time_t *at)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0)
		return -1;
	if (at)
		*at = now.tv_sec;
	return now.tv_sec;
}

int timespec_get(struct timespec *at, int base)
{
	if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, at) != 0)
		return 0;
	return base;
}

/* A deadline that was computed from our clock, by the kernel's: else nobody would live to see it. */
static struct timespec by_kernel(const struct timespec *deadline)
{
	struct timespec now, at = *deadline;
	if (real_clock(CLOCK_REALTIME, &now) == 0 && at.tv_sec > now.tv_sec + AHEAD / 2)
		at.tv_sec -= AHEAD;
	return at;
}

static void *next(const char *name, const char *version)
{
	void *found = dlvsym(RTLD_NEXT, name, version);
	return found ? found : dlsym(RTLD_NEXT, name);
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict deadline)
{
	int (*wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *) =
		next("pthread_cond_timedwait", "GLIBC_2.3.2");
	struct timespec at = by_kernel(deadline);
	return wait(cond, mutex, &at);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline)
{
	int (*lock)(pthread_mutex_t *, const struct timespec *) = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
	struct timespec at = by_kernel(deadline);
	return lock(mutex, &at);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline)
{
	int (*wait)(sem_t *, const struct timespec *) = dlsym(RTLD_NEXT, "sem_timedwait");
	struct timespec at = by_kernel(deadline);
	return wait(semaphore, &at);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *asked, struct timespec *left)
{
	struct timespec at = (flags & TIMER_ABSTIME) ? by_kernel(asked) : *asked;
	return syscall(SYS_clock_nanosleep, clock, flags, &at, left) == 0 ? 0 : errno;
}

/* A directory that was read to its end, to be handed out from there. */
struct listing {
	DIR *dir;
	size_t count, given;
	void **entries;
	struct listing *link;
};

static struct listing *listings;
static char busy;

static void lock(void)
{
	while (__atomic_test_and_set(&busy, __ATOMIC_ACQUIRE))
		;
}

static void unlock(void)
{
	__atomic_clear(&busy, __ATOMIC_RELEASE);
}

static struct listing *find(DIR *dir)
{
	struct listing *at;
	lock();
	for (at = listings; at && at->dir != dir; at = at->link)
		;
	unlock();
	return at;
}

static void forget(DIR *dir)
{
	struct listing **at, *found;
	lock();
	for (at = &listings; *at && (*at)->dir != dir; at = &(*at)->link)
		;
	found = *at;
	if (found)
		*at = found->link;
	unlock();
	if (!found)
		return;
	for (size_t i = 0; i < found->count; i++)
		free(found->entries[i]);
	free(found->entries);
	free(found);
}

/* Both forms of readdir are the same but for the form of an entry. */
#define READDIR(name, entry)                                                                     \
	entry *name(DIR *dir)                                                                    \
	{                                                                                        \
		static entry *(*real)(DIR *);                                                    \
		struct listing *all = find(dir);                                                 \
		if (!real)                                                                       \
			real = dlsym(RTLD_NEXT, #name);                                          \
		if (!all) {                                                                      \
			int before = errno;                                                      \
			entry *one;                                                              \
			all = calloc(1, sizeof *all);                                            \
			if (!all)                                                                \
				return NULL;                                                     \
			all->dir = dir;                                                          \
			while ((errno = 0, one = real(dir))) {                                   \
				void **more = realloc(all->entries, (all->count + 1) * sizeof *more); \
				void *copy = malloc(one->d_reclen);                              \
				if (!more || !copy)                                              \
					abort();                                                 \
				all->entries = more;                                             \
				more[all->count++] = memcpy(copy, one, one->d_reclen);           \
			}                                                                        \
			if (errno && !all->count) {                                              \
				free(all);                                                       \
				return NULL;                                                     \
			}                                                                        \
			errno = before;                                                          \
			lock();                                                                  \
			all->link = listings;                                                    \
			listings = all;                                                          \
			unlock();                                                                \
		}                                                                                \
		return all->given < all->count ? all->entries[all->count - ++all->given] : NULL; \
	}

READDIR(readdir, struct dirent)
READDIR(readdir64, struct dirent64)

int closedir(DIR *dir)
{
	int (*real)(DIR *) = dlsym(RTLD_NEXT, "closedir");
	forget(dir);
	return real(dir);
}

void rewinddir(DIR *dir)
{
	void (*real)(DIR *) = dlsym(RTLD_NEXT, "rewinddir");
	forget(dir);
	real(dir);
}

long telldir(DIR *dir)
{
	struct listing *all = find(dir);
	return all ? (long)all->given : 0;
}

void seekdir(DIR *dir, long place)
{
	struct listing *all = find(dir);
	if (all)
		all->given = (size_t)place <= all->count ? (size_t)place : all->count;
}
