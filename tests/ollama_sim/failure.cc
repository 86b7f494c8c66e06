#include "tests/ollama_sim/failure.h"

#include "tests/ollama_sim/json_writer.h"

namespace genwatch::ollama_sim {
namespace {

std::string HtmlPage(std::string_view title) {
  return "<html>\r\n<head><title>" + std::string(title) +
         "</title></head>\r\n<body>\r\n<center><h1>" + std::string(title) +
         "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
}

std::string UsualText(int status, std::string_view model) {
  switch (status) {
    case 400:
      return "\"" + std::string(model) + "\" does not support generate";
    case 401:
      return "unauthorized";
    case 404:
      return "model '" + std::string(model) + "' not found";
    case 429:
      return "you have reached your hourly usage limit, please try again later";
    case 500:
      return "llama-server process has terminated: CUDA error: out of memory";
    case 503:
      return "server busy, please try again.  maximum pending requests exceeded";
    default:
      return "status " + std::to_string(status);
  }
}

}  // namespace

Failure JsonFailure(int status, std::string_view message) {
  return {.status = status,
          .content_type = std::string(kJsonType),
          .body = ErrorJson(message),
          .message = std::string(message)};
}

Failure MakeFailure(const Directive& directive, std::string_view model) {
  const int status = directive.status;
  Failure failure = JsonFailure(status, directive.error_text.value_or(UsualText(status, model)));
  switch (status) {
    case 401:
      failure.body.clear();
      JsonObject(&failure.body)
          .Text("error", directive.error_text.value_or(UsualText(status, model)))
          .Text("signin_url", "https://ollama.com/connect?name=sim&key=c2lt")
          .Close();
      break;
    case 403:  // the Host header was not allowed: nothing is said
      failure.content_type.clear();
      failure.body.clear();
      failure.message.clear();
      break;
    case 429:
    case 503:
      if (directive.retry_after_s || status == 429) {
        failure.extra_header =
            "Retry-After: " + std::to_string(directive.retry_after_s.value_or(2)) + "\r\n";
      }
      break;
    case 502:
      failure.content_type = "text/html";
      failure.body = HtmlPage("502 Bad Gateway");
      break;
    case 504:
      failure.content_type = "text/html";
      failure.body = HtmlPage("504 Gateway Time-out");
      break;
    case 301:
    case 302:
    case 307:
    case 308:
      failure.content_type = "text/html";
      failure.extra_header = "Location: /moved\r\n";
      failure.body = HtmlPage(std::to_string(status) + " Moved");
      break;
    default:
      break;
  }
  if (failure.content_type != kJsonType) failure.message.clear();
  return failure;
}

}  // namespace genwatch::ollama_sim
