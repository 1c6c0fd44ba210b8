#define _GNU_SOURCE
#include "COTAMicroHTTPDShims.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint16_t port_of(int socket) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(socket, (struct sockaddr *)&address, &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
  return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

int ota_mhd_listen(const char *host, uint16_t port, uint16_t *bound_port, int *failure) {
  char service[8];
  snprintf(service, sizeof service, "%u", (unsigned)port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  struct addrinfo *list = NULL;
  *failure = 0;
  if (getaddrinfo(host, service, &hints, &list) != 0) return -1;

  int result = -1;
  for (struct addrinfo *entry = list; entry != NULL && result < 0; entry = entry->ai_next) {
    int fd = socket(entry->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      *failure = errno;
      continue;
    }
    // Lets a server start again while connections of its predecessor linger; two cannot listen at once.
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, entry->ai_addr, entry->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) {
      *bound_port = port_of(fd);
      result = fd;
    } else {
      *failure = errno;
      close(fd);
    }
  }
  freeaddrinfo(list);
  return result;
}

struct MHD_Daemon *ota_mhd_start(
    int socket, struct ota_mhd_limits limits, struct ota_mhd_callbacks callbacks) {
  unsigned int flags =
      MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
  struct MHD_OptionItem options[] = {
      {MHD_OPTION_LISTEN_SOCKET, socket, NULL},
      {MHD_OPTION_CONNECTION_LIMIT, limits.connections, NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, limits.idle_seconds, NULL},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)limits.connection_memory, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)callbacks.completed, callbacks.context},
      {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)callbacks.target, callbacks.context},
      // One thread is no pool: the library wants at least two for that.
      {limits.threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, limits.threads, NULL},
      {MHD_OPTION_END, 0, NULL},
  };
  return MHD_start_daemon(
      flags, 0, NULL, NULL, callbacks.handle, callbacks.context, MHD_OPTION_ARRAY, options,
      MHD_OPTION_END);
}

void ota_mhd_close(int socket) { close(socket); }
