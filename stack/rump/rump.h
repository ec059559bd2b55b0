/*
 * rump/rump.h: a program as a virtual host: rump(3).
 *
 * rump_init() and rump_pub_*() return 0 or a positive errno.  rump_sys_*()
 * are as the functions of the same name without rump_sys_: -1 and errno.
 */
#ifndef RUMP_RUMP_H
#define RUMP_RUMP_H

#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Make this process a virtual host with lo0; a thread of its own serves it.
 * Again is 0 as well.
 */
int rump_init(void);
/* Serve clients too, at unix://PATH; after rump_init(). */
int rump_init_server(const char *url);

/*
 * The next free shmifN, linked to the bus (made if it is missing); *ifnum,
 * unless ifnum is NULL, gets N.
 */
int rump_pub_shmif_create(const char *path, int *ifnum);
/* virtN on the host's tapN. */
int rump_pub_virtif_create(int num);

int rump_pub_netconfig_ifcreate(const char *ifname);
int rump_pub_netconfig_ifdestroy(const char *ifname);
int rump_pub_netconfig_ifsetlinkstr(const char *ifname, const char *path);
int rump_pub_netconfig_ifup(const char *ifname);
int rump_pub_netconfig_ifdown(const char *ifname);
/* The interface gets one address more and goes up. */
int rump_pub_netconfig_ipv4_ifaddr(const char *ifname, const char *addr,
    const char *netmask);
int rump_pub_netconfig_ipv4_ifaddr_cidr(const char *ifname, const char *addr,
    int plen);
int rump_pub_netconfig_ipv6_ifaddr(const char *ifname, const char *addr,
    int plen);
/* Address and router as the network's routers advertise them. */
int rump_pub_netconfig_auto_ipv6(const char *ifname);
/* The default route. */
int rump_pub_netconfig_ipv4_gw(const char *addr);
int rump_pub_netconfig_ipv6_gw(const char *addr);

/*
 * Sockets of the virtual host: AF_INET, AF_INET6, and AF_NETLINK for its
 * routes.  The fds are the process's own: poll(2), epoll(7), dup(2) and
 * close(2) take them, as do read(2) and write(2) on connected streams.
 */
int rump_sys_socket(int domain, int type, int protocol);
int rump_sys_bind(int fd, const struct sockaddr *addr, socklen_t len);
int rump_sys_connect(int fd, const struct sockaddr *addr, socklen_t len);
int rump_sys_listen(int fd, int backlog);
int rump_sys_accept(int fd, struct sockaddr *addr, socklen_t *len);
int rump_sys_accept4(int fd, struct sockaddr *addr, socklen_t *len,
    int flags);
int rump_sys_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
int rump_sys_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
int rump_sys_getsockopt(int fd, int level, int name, void *val,
    socklen_t *len);
int rump_sys_setsockopt(int fd, int level, int name, const void *val,
    socklen_t len);
int rump_sys_shutdown(int fd, int how);

ssize_t rump_sys_read(int fd, void *buf, size_t n);
ssize_t rump_sys_readv(int fd, const struct iovec *iov, int n);
ssize_t rump_sys_recv(int fd, void *buf, size_t n, int flags);
ssize_t rump_sys_recvfrom(int fd, void *buf, size_t n, int flags,
    struct sockaddr *addr, socklen_t *len);
ssize_t rump_sys_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t rump_sys_write(int fd, const void *buf, size_t n);
ssize_t rump_sys_writev(int fd, const struct iovec *iov, int n);
ssize_t rump_sys_send(int fd, const void *buf, size_t n, int flags);
ssize_t rump_sys_sendto(int fd, const void *buf, size_t n, int flags,
    const struct sockaddr *addr, socklen_t len);
ssize_t rump_sys_sendmsg(int fd, const struct msghdr *m, int flags);

int rump_sys_poll(struct pollfd *fds, nfds_t n, int timeout);
int rump_sys_select(int n, fd_set *r, fd_set *w, fd_set *e,
    struct timeval *timeout);
int rump_sys_close(int fd);
int rump_sys_dup(int fd);
int rump_sys_dup2(int from, int to);
int rump_sys_fcntl(int fd, int cmd, ...);
int rump_sys_ioctl(int fd, unsigned long req, ...);

#ifdef __cplusplus
}
#endif

#endif
