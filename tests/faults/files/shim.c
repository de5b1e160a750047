/* Faults of a disk and sudden ends, at a chosen call or byte. Preloaded into a process by
   `runner.py`; nothing happens before `fault_arm`.

   Counted are the calls that change what is on disk: files opened to be made, written, truncated,
   synced, renamed, linked, unlinked, and folders made and removed. Pipes and terminals do not count.

   FULL   from byte `at` on, writes are cut short and then refused with ENOSPC, and so is whatever
          would make a file, a folder or a name.
   BEFORE SIGKILL instead of call number `at`; AFTER: right after it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { OFF, COUNT, FULL, BEFORE, AFTER };
static int mode = OFF;
static long at, calls, bytes;

void fault_arm(int new_mode, long new_at) { mode = new_mode; at = new_at; calls = bytes = 0; }
long fault_calls(void) { return calls; }
long fault_bytes(void) { return bytes; }

static void end(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

static void enter(void) {
    if (mode == OFF) return;
    if (mode == BEFORE && calls == at) end();
    calls++;
}
static void leave(void) { if (mode == AFTER && calls == at + 1) end(); }
static int is_full(void) { return mode == FULL && bytes >= at; }
/* What is printed may go into a file of the test. */
static int on_disk(int fd) { struct stat s; return fd > 2 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode); }

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define CHANGE(call) { enter(); __typeof__(call) r = (call); int e = errno; leave(); errno = e; return r; }
#define NAMES(call) { if (mode != OFF && is_full()) { errno = ENOSPC; return -1; } CHANGE(call) }

/* What of `size` bytes still fits; -1 where nothing does. */
static ssize_t room(size_t size) {
    if (mode != FULL) { bytes += size; return size; }
    if (size && bytes >= at) { errno = ENOSPC; return -1; }
    ssize_t fits = bytes + (long)size > at ? at - bytes : (ssize_t)size;
    bytes += fits;
    return fits;
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (mode == OFF || !on_disk(fd)) return real(fd, data, size);
    ssize_t fits = room(size);
    if (fits < 0) return -1;
    CHANGE(real(fd, data, fits))
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    REAL(pwrite);
    if (mode == OFF || !on_disk(fd)) return real(fd, data, size, offset);
    ssize_t fits = room(size);
    if (fits < 0) return -1;
    CHANGE(real(fd, data, fits, offset))
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    REAL(pwrite64);
    if (mode == OFF || !on_disk(fd)) return real(fd, data, size, offset);
    ssize_t fits = room(size);
    if (fits < 0) return -1;
    CHANGE(real(fd, data, fits, offset))
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; va_start(more, flags); mode_t bits = va_arg(more, mode_t); va_end(more); \
        if (mode == OFF || !(flags & O_CREAT) || access(path, F_OK) == 0) \
            return real(path, flags, bits); \
        NAMES(real(path, flags, bits)) \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; va_start(more, flags); mode_t bits = va_arg(more, mode_t); va_end(more); \
        if (mode == OFF || !(flags & O_CREAT) || faccessat(folder, path, F_OK, 0) == 0) \
            return real(folder, path, flags, bits); \
        NAMES(real(folder, path, flags, bits)) \
    }
OPENAT(openat)
OPENAT(openat64)
int mkdir(const char *path, mode_t bits) { REAL(mkdir); NAMES(real(path, bits)) }
int link(const char *a, const char *b) { REAL(link); NAMES(real(a, b)) }
int linkat(int a, const char *p, int b, const char *q, int f) { REAL(linkat); NAMES(real(a, p, b, q, f)) }
int rename(const char *a, const char *b) { REAL(rename); CHANGE(real(a, b)) }
int renameat(int a, const char *p, int b, const char *q) { REAL(renameat); CHANGE(real(a, p, b, q)) }
int unlink(const char *path) { REAL(unlink); CHANGE(real(path)) }
int unlinkat(int fd, const char *path, int f) { REAL(unlinkat); CHANGE(real(fd, path, f)) }
int rmdir(const char *path) { REAL(rmdir); CHANGE(real(path)) }
int fsync(int fd) { REAL(fsync); CHANGE(real(fd)) }
int fdatasync(int fd) { REAL(fdatasync); CHANGE(real(fd)) }
int ftruncate(int fd, off_t size) { REAL(ftruncate); CHANGE(real(fd, size)) }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); CHANGE(real(fd, size)) }
