#ifndef GENWATCH_GENERATION_SERVICE_CURL_HANDLES_H_
#define GENWATCH_GENERATION_SERVICE_CURL_HANDLES_H_

#include <curl/curl.h>

#include <memory>
#include <string>

namespace genwatch {

// libcurl's handles, owned from birth.

struct CurlEasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDeleter>;

struct CurlMultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
using CurlMulti = std::unique_ptr<CURLM, CurlMultiDeleter>;

struct CurlHeadersDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHeaders = std::unique_ptr<curl_slist, CurlHeadersDeleter>;

struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;

// Appends "Name: value"; out of memory ends the process, like everywhere.
void AddHeader(CurlHeaders& headers, const std::string& line);

// Before any other use of the library; cheap to repeat. Thread-safe.
void InitCurl();

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_CURL_HANDLES_H_
