/* A disk that takes no more, while the file $FAULT_WHILE is there: whatever would write or make a
   file fails with the error $FAULT_ERRNO. Pipes, sockets and terminals go on. Preloaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int refuses(void) {
    const char *flag = getenv("FAULT_WHILE"), *number = getenv("FAULT_ERRNO");
    int before = errno;
    if (!flag || !number || faccessat(AT_FDCWD, flag, F_OK, 0) != 0) { errno = before; return 0; }
    errno = atoi(number);
    return 1;
}
static int on_disk(int fd) { struct stat s; return fstat(fd, &s) == 0 && S_ISREG(s.st_mode); }

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define WRITES(name, params, args) \
    ssize_t name params { REAL(name); if (on_disk(fd) && refuses()) return -1; return real args; }
WRITES(write, (int fd, const void *data, size_t size), (fd, data, size))
WRITES(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRITES(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))

#define SIZES(name, params, args) \
    int name params { REAL(name); if (on_disk(fd) && refuses()) return -1; return real args; }
SIZES(ftruncate, (int fd, off_t size), (fd, size))
SIZES(ftruncate64, (int fd, off64_t size), (fd, size))
SIZES(fsync, (int fd), (fd))
SIZES(fdatasync, (int fd), (fd))

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; va_start(more, flags); mode_t bits = va_arg(more, mode_t); va_end(more); \
        if ((flags & O_CREAT) && faccessat(AT_FDCWD, path, F_OK, 0) != 0 && refuses()) return -1; \
        return real(path, flags, bits); \
    }
OPENS(open)
OPENS(open64)
#define OPENS_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; va_start(more, flags); mode_t bits = va_arg(more, mode_t); va_end(more); \
        if ((flags & O_CREAT) && faccessat(folder, path, F_OK, 0) != 0 && refuses()) return -1; \
        return real(folder, path, flags, bits); \
    }
OPENS_AT(openat)
OPENS_AT(openat64)
