// Typed entries to libcurl's variadic functions, which Swift cannot call.
#pragma once
#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

typedef size_t (*ota_curl_callback)(char *bytes, size_t size, size_t count, void *context);

CURLcode ota_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ota_curl_set_size(CURL *handle, CURLoption option, curl_off_t value);
CURLcode ota_curl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode ota_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);

/// Sets the receivers of header lines and of body bytes; both get `context`.
CURLcode ota_curl_set_receivers(
    CURL *handle, ota_curl_callback header, ota_curl_callback body, void *context);

/// Takes a copy of the body of a POST.
CURLcode ota_curl_set_post(CURL *handle, const uint8_t *bytes, size_t count);

/// What a body receiver returns to be called again later with the same bytes.
size_t ota_curl_pause(void);

/// Blocks SIGPIPE in the calling thread: a TLS library may write to a connection that the peer has closed.
void ota_curl_block_sigpipe(void);
