#include "generation_service/curl/handles.h"

#include <cstdlib>

namespace genwatch {

void AddHeader(CurlHeaders& headers, const std::string& line) {
  curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
  if (longer == nullptr) std::abort();
  // The list's head stays the same once there is one.
  (void)headers.release();
  headers.reset(longer);
}

void InitCurl() {
  // Never cleaned up: the process ends with it.
  static const CURLcode code = curl_global_init(CURL_GLOBAL_ALL);
  if (code != CURLE_OK) std::abort();
}

}  // namespace genwatch
