#include "tests/ollama_sim/test_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_writer.h"

namespace genwatch::ollama_sim {

using simdjson::dom::element;

TestServer::TestServer(Options options) : server_(std::move(options)) {
  const std::string error = server_.Listen();
  if (!error.empty()) {
    std::fprintf(stderr, "%s\n", error.c_str());
    std::abort();
  }
  thread_ = std::thread([this] { server_.Run(); });
}

TestServer::~TestServer() {
  server_.Stop();
  thread_.join();
}

TestConnection::TestConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connected_ = connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

void TestConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

std::string TestConnection::ReadSome() {
  pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  if (poll(&readable, 1, static_cast<int>(timeout_ms_)) == 0) {
    timed_out_ = true;
    return "";
  }
  char buffer[64 << 10];
  const ssize_t count = recv(socket_.get(), buffer, sizeof(buffer), 0);
  if (count < 0 && errno == ECONNRESET) was_reset_ = true;
  return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : "";
}

std::string TestConnection::ReadToEnd() {
  std::string all;
  for (std::string some = ReadSome(); !some.empty(); some = ReadSome()) all += some;
  return all;
}

std::string TestConnection::ReadThrough(std::string_view end) {
  std::string all;
  while (all.find(end) == std::string::npos) {
    const std::string some = ReadSome();
    if (some.empty()) return all;
    all += some;
  }
  return all;
}

std::vector<std::string> TestResponse::Lines() const {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end = body.find('\n'); end != std::string::npos; end = body.find('\n', begin)) {
    lines.push_back(body.substr(begin, end - begin));
    begin = end + 1;
  }
  if (begin < body.size()) lines.push_back(body.substr(begin));
  return lines;
}

namespace {

void DecodeChunks(std::string_view rest, TestResponse* response) {
  while (true) {
    const size_t line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos) return;
    const std::string size_text(rest.substr(0, line_end));
    if (size_text.empty() || size_text.find_first_not_of("0123456789abcdef") != std::string::npos)
      return;
    const size_t size = std::strtoul(size_text.c_str(), nullptr, 16);
    rest.remove_prefix(line_end + 2);
    if (size == 0) {
      response->complete = rest == "\r\n";
      return;
    }
    const bool whole = rest.size() >= size + 2 && rest.substr(size, 2) == "\r\n";
    response->chunks.emplace_back(rest.substr(0, size));
    response->body += response->chunks.back();
    if (!whole) return;
    rest.remove_prefix(size + 2);
  }
}

}  // namespace

TestResponse DecodeResponse(const std::string& bytes) {
  TestResponse response;
  const size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos || !bytes.starts_with("HTTP/1.")) return response;
  response.head = bytes.substr(0, head_end + 4);
  response.status = std::atoi(response.head.c_str() + 9);
  const std::string_view rest = std::string_view(bytes).substr(head_end + 4);
  const size_t length_at = response.head.find("\r\nContent-Length: ");
  if (response.HasHeader("Transfer-Encoding: chunked")) {
    DecodeChunks(rest, &response);
  } else {
    response.body = rest;
    response.complete =
        length_at == std::string::npos ||
        rest.size() == std::strtoul(response.head.c_str() + length_at + 18, nullptr, 10);
  }
  return response;
}

std::string PostRequest(std::string_view path, std::string_view body, bool close) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
         (close ? "Connection: close\r\n" : "") +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

std::string PostBytes(int port, std::string_view path, std::string_view body) {
  TestConnection connection(port);
  connection.Send(PostRequest(path, body));
  return connection.ReadToEnd();
}

TestResponse Post(int port, std::string_view path, std::string_view body) {
  return DecodeResponse(PostBytes(port, path, body));
}

TestResponse Get(int port, std::string_view path) {
  TestConnection connection(port);
  connection.Send("GET " + std::string(path) +
                  " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return DecodeResponse(connection.ReadToEnd());
}

std::string GenerateBody(std::string_view model, std::string_view prompt,
                         std::string_view more_members) {
  std::string body;
  JsonObject object(&body);
  object.Text("model", model).Text("prompt", prompt);
  if (!more_members.empty()) body += "," + std::string(more_members);
  object.Close();
  return body;
}

TestResponse Generate(int port, std::string_view model, std::string_view prompt,
                      std::string_view more_members) {
  return Post(port, "/api/generate", GenerateBody(model, prompt, more_members));
}

namespace {

std::string TextOr(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

double NumberOr(const element& object, std::string_view key) {
  double number = 0;
  return object[key].get(number) == simdjson::SUCCESS ? number : -1;
}

bool IsBlank(const std::string& line) {
  return line.find_first_not_of(" \t\r") == std::string::npos;
}

void ReadObject(const element& object, BodyFacts* facts) {
  ++facts->objects;
  facts->error = TextOr(object, "error");
  if (!facts->error.empty()) return;
  element source = object;
  element message;
  if (object["message"].get(message) == simdjson::SUCCESS && message.is_object()) {
    facts->text += TextOr(message, "content");
    source = message;
  } else {
    facts->text += TextOr(object, "response");
  }
  facts->thinking += TextOr(source, "thinking");
  facts->done = object["done"].is_bool() && bool(object["done"]);
  if (!facts->done) return;
  facts->done_reason = TextOr(object, "done_reason");
  facts->eval_count = NumberOr(object, "eval_count");
  facts->prompt_eval_count = NumberOr(object, "prompt_eval_count");
  facts->load_duration = NumberOr(object, "load_duration");
}

}  // namespace

BodyFacts ReadBody(const std::string& body) {
  BodyFacts facts;
  TestResponse lines;
  lines.body = body.starts_with("\xEF\xBB\xBF") ? body.substr(3) : body;
  const std::vector<std::string> all = lines.Lines();
  for (size_t i = 0; i < all.size() && !facts.done && facts.error.empty(); ++i) {
    if (IsBlank(all[i])) continue;
    JsonReader reader;
    element root;
    if (reader.Parse(all[i], &root) != simdjson::SUCCESS || !root.is_object()) {
      // What has no newline was cut off.
      facts.malformed = i + 1 < all.size() || body.ends_with('\n');
      return facts;
    }
    ReadObject(root, &facts);
  }
  return facts;
}

std::string Member(const std::string& json, std::string_view key) {
  JsonReader reader;
  element root;
  element value;
  if (reader.Parse(json, &root) != simdjson::SUCCESS || root[key].get(value) != simdjson::SUCCESS)
    return "";
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(value);
}

bool Await(const std::function<bool()>& condition) {
  constexpr int64_t kLongestNs = 10 * kNsPerSecond;
  const int64_t give_up_ns = MonotonicNs() + kLongestNs;
  while (MonotonicNs() < give_up_ns) {
    if (condition()) return true;
    poll(nullptr, 0, 2);
  }
  return condition();
}

std::string PercentEncoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    char escaped[4];
    std::snprintf(escaped, sizeof(escaped), "%%%02X", static_cast<unsigned char>(c));
    out += escaped;
  }
  return out;
}

}  // namespace genwatch::ollama_sim
