#include "COTACurlShims.h"

#include <pthread.h>
#include <signal.h>

CURLcode ota_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode ota_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode ota_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode ota_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode ota_curl_set_receivers(
    CURL *handle, ota_curl_callback header, ota_curl_callback body, void *context) {
  CURLcode status = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header);
  if (status == CURLE_OK) status = curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
  if (status == CURLE_OK) status = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
  if (status == CURLE_OK) status = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
  return status;
}

CURLcode ota_curl_set_post(CURL *handle, const uint8_t *bytes, size_t count) {
  CURLcode status = curl_easy_setopt(handle, CURLOPT_POST, 1L);
  if (status == CURLE_OK)
    status = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  if (status == CURLE_OK)
    status = curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, count == 0 ? "" : (const char *)bytes);
  return status;
}

size_t ota_curl_pause(void) { return CURL_WRITEFUNC_PAUSE; }

void ota_curl_block_sigpipe(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
}
