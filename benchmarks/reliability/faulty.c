/* A C library with faults, put before the real one by LD_PRELOAD.
 *
 * FAULT_AT=k FAULT_ERRNO=e FAULT_PATH=part: from the k-th write to a file whose path holds "part" on, every write,
 * truncation and sync of such a file fails with error e, as on a disk that is full (28) or broken (5).
 * CLOCK_JUMPS=1: every reading of the wall clock is a day early, right, or a day late, in turn.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is_hit(int descriptor) {
    static long count = 0;
    const char *part = getenv("FAULT_PATH"), *at = getenv("FAULT_AT");
    char link[64], path[4096];
    if (!part || !at) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    if (!strstr(path, part) || strstr(path, ".lock")) return 0;
    if (__sync_add_and_fetch(&count, 1) < atol(at)) return 0;
    errno = atoi(getenv("FAULT_ERRNO"));
    return 1;
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__)) dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *from, size_t n) {
    return is_hit(fd) ? -1 : REAL(ssize_t, write, int, const void *, size_t)(fd, from, n);
}
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) {
    return is_hit(fd) ? -1 : REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, from, n, at);
}
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) {
    return is_hit(fd) ? -1 : REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)(fd, from, n, at);
}
int ftruncate(int fd, off_t to) { return is_hit(fd) ? -1 : REAL(int, ftruncate, int, off_t)(fd, to); }
int ftruncate64(int fd, off64_t to) { return is_hit(fd) ? -1 : REAL(int, ftruncate64, int, off64_t)(fd, to); }
int fsync(int fd) { return is_hit(fd) ? -1 : REAL(int, fsync, int)(fd); }
int fdatasync(int fd) { return is_hit(fd) ? -1 : REAL(int, fdatasync, int)(fd); }

static long jump(void) {
    static long readings = 0;
    return getenv("CLOCK_JUMPS") ? (__sync_add_and_fetch(&readings, 1) % 3 - 1) * 86400L : 0;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int failed = REAL(int, clock_gettime, clockid_t, struct timespec *)(which, now);
    if (!failed && which == CLOCK_REALTIME) now->tv_sec += jump();
    return failed;
}
