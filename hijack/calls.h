/* calls.h: hooks that other hooks are made of. As the functions. */
#ifndef HIJACK_CALLS_H
#define HIJACK_CALLS_H

#include "hijack/hijack.h"

struct iovec;
struct mmsghdr;
struct timespec;

int hook_socket(int domain, int type, int protocol) __asm__("socket");
int hook_socketpair(int domain, int type, int protocol, int *sv)
    __asm__("socketpair");
int hook_bind(int fd, const struct sockaddr *addr, socklen_t len)
    __asm__("bind");
int hook_connect(int fd, const struct sockaddr *addr, socklen_t len)
    __asm__("connect");
int hook_listen(int fd, int backlog) __asm__("listen");
int hook_accept(int fd, struct sockaddr *addr, socklen_t *len)
    __asm__("accept");
int hook_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
    __asm__("accept4");
int hook_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
    __asm__("getsockname");
int hook_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
    __asm__("getpeername");
int hook_getsockopt(int fd, int level, int name, void *val, socklen_t *len)
    __asm__("getsockopt");
int hook_setsockopt(int fd, int level, int name, const void *val,
    socklen_t len) __asm__("setsockopt");
int hook_shutdown(int fd, int how) __asm__("shutdown");

ssize_t hook_read(int fd, void *buf, size_t n) __asm__("read");
ssize_t hook_readv(int fd, const struct iovec *iov, int n) __asm__("readv");
ssize_t hook_recvfrom(int fd, void *buf, size_t n, int flags,
    struct sockaddr *addr, socklen_t *len) __asm__("recvfrom");
ssize_t hook_recvmsg(int fd, struct msghdr *m, int flags)
    __asm__("recvmsg");
int hook_recvmmsg(int fd, struct mmsghdr *v, unsigned n, int flags,
    struct timespec *timeout) __asm__("recvmmsg");
ssize_t hook_write(int fd, const void *buf, size_t n) __asm__("write");
ssize_t hook_writev(int fd, const struct iovec *iov, int n)
    __asm__("writev");
ssize_t hook_sendto(int fd, const void *buf, size_t n, int flags,
    const struct sockaddr *addr, socklen_t len) __asm__("sendto");
ssize_t hook_sendmsg(int fd, const struct msghdr *m, int flags)
    __asm__("sendmsg");
int hook_sendmmsg(int fd, struct mmsghdr *v, unsigned n, int flags)
    __asm__("sendmmsg");
ssize_t hook_sendfile(int out, int in, off_t *off, size_t n)
    __asm__("sendfile");
ssize_t hook_splice(int in, off64_t *at_in, int out, off64_t *at_out, size_t n,
    unsigned flags) __asm__("splice");

int hook_close(int fd) __asm__("close");
int hook_close_range(unsigned first, unsigned last, int flags)
    __asm__("close_range");
int hook_dup(int fd) __asm__("dup");
int hook_dup2(int from, int to) __asm__("dup2");
int hook_dup3(int from, int to, int flags) __asm__("dup3");
int hook_fcntl(int fd, int cmd, ...) __asm__("fcntl");
int hook_ioctl(int fd, unsigned long req, ...) __asm__("ioctl");
int hook_execve(const char *path, char *const argv[], char *const env[])
    __asm__("execve");
int hook_execveat(int dirfd, const char *path, char *const argv[],
    char *const env[], int flags) __asm__("execveat");
void *hook_mmap(void *addr, size_t len, int prot, int flags, int fd,
    off_t off) __asm__("mmap");
int hook_prctl(int op, ...) __asm__("prctl");

/* uring.c: io_uring_setup(2), or -ENOSYS. */
HJ_HIDDEN long uring_setup(unsigned entries, void *params);

#endif
