// Typed entries to what Swift cannot call: a variadic function, and sockets' overlaid address types.
#pragma once
#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

/// The callbacks of a daemon; all get `context` first.
struct ota_mhd_callbacks {
  void *context;
  MHD_AccessHandlerCallback handle;
  MHD_RequestCompletedCallback completed;
  void *(*target)(void *context, const char *uri, struct MHD_Connection *connection);
};

struct ota_mhd_limits {
  unsigned int threads;
  unsigned int connections;
  unsigned int idle_seconds;
  size_t connection_memory;
};

/// Opens a listening socket on an address of `host`; returns it, or -1 and the system's error number in `failure`
/// (0 if the name does not resolve). Port 0 means any; `bound_port` gets the one that was taken.
int ota_mhd_listen(const char *host, uint16_t port, uint16_t *bound_port, int *failure);

/// Starts a daemon with its own polling threads on a listening socket, which it takes over.
struct MHD_Daemon *ota_mhd_start(
    int socket, struct ota_mhd_limits limits, struct ota_mhd_callbacks callbacks);

/// Closes a socket.
void ota_mhd_close(int socket);
