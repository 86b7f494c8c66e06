#include "tests/ollama_sim/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_writer.h"

namespace genwatch::ollama_sim {
namespace {

constexpr int kBacklog = 1024;
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

bool IsPrivate(uint32_t address) {
  return address >> 24 == 127 || address >> 24 == 10 || address >> 16 == (192U << 8 | 168) ||
         address >> 20 == (172U << 4 | 1) || address >> 16 == (169U << 8 | 254);
}

}  // namespace

Server::Server(Options options)
    : options_(std::move(options)),
      runners_(&loop_, {.num_parallel = options_.num_parallel,
                        .max_queue = options_.max_queue,
                        .load_speed = options_.load_speed,
                        .keep_alive_ns = options_.keep_alive_ms * kNsPerMs}),
      simulation_{.loop = &loop_,
                  .runners = &runners_,
                  .log = &log_,
                  .phases = &phases_,
                  .lateness = &lateness_,
                  .seed = options_.seed,
                  .speed = options_.speed} {
  for (const Model& model : AllModels()) {
    if (model.to_be_pulled) absent_.emplace(model.name);
  }
}

Server::~Server() {
  connections_.clear();
  loop_.Clear();  // exchanges that wait there use other members
}

std::string Server::Listen() {
  if (!log_.OpenFile(options_.log_file)) {
    return "can't write the log file " + options_.log_file + ": " + std::strerror(errno);
  }
  return Bind();
}

std::string Server::Bind() {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  // After POST /sim/down it is the same port again, also if it was chosen by the system.
  address.sin_port = htons(static_cast<uint16_t>(port_ != 0 ? port_ : options_.port));
  inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
  socklen_t length = sizeof(address);
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      listen(listener.get(), kBacklog) != 0 ||
      getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return "can't listen on " + options_.host + ":" + std::to_string(options_.port) + ": " +
           std::strerror(errno);
  }
  if (port_ == 0) port_ = ntohs(address.sin_port);
  listener_ = std::move(listener);
  loop_.Add(listener_.get(), EPOLLIN, this);
  return "";
}

void Server::OnEvents(uint32_t) {
  while (listener_.get() >= 0) {
    UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) return;
    const uint64_t id = ++last_connection_;
    log_.Event("connect", "\"connection\":" + std::to_string(id));
    connections_.emplace(id, std::make_unique<Connection>(&loop_, std::move(socket), id, this));
  }
}

void Server::OnClosed(Connection* connection, bool by_peer) {
  std::string members;
  members = "\"connection\":" + std::to_string(connection->id());
  members += by_peer ? ",\"by\":\"peer\"" : ",\"by\":\"us\"";
  members += ",\"bytes_written\":" + std::to_string(connection->bytes_written());
  members += ",\"bytes_read\":" + std::to_string(connection->bytes_read());
  if (connection->bytes_written() > 0) {
    members += ",\"since_last_byte_us\":" +
               std::to_string(log_.NowUs() - log_.ToUs(connection->last_write_ns()));
  }
  log_.Event("disconnect", members);
  loop_.Defer([this, id = connection->id()] { connections_.erase(id); });
}

const Model* Server::FindPresentModel(const std::string& name) const {
  return absent_.contains(name) ? nullptr : FindModel(name);
}

void Server::OnBadRequest(Connection* connection) {
  HttpRequest request;
  request.keep_alive = false;
  SendWhole(connection, request, 400, kPlainText, "400 Bad Request");
}

// On a loopback address Ollama answers only to names that can be meant for it.
bool Server::HostAllowed(const HttpRequest& request) const {
  in_addr bound{};
  inet_pton(AF_INET, options_.host.c_str(), &bound);
  if (ntohl(bound.s_addr) >> 24 != 127) return true;
  std::string host = request.Header("host");
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return IsPrivate(ntohl(address.s_addr));
  char own_name[256] = {};
  gethostname(own_name, sizeof(own_name) - 1);
  return host.empty() || host == "localhost" || host == own_name || host.ends_with(".localhost") ||
         host.ends_with(".local") || host.ends_with(".internal");
}

const std::vector<Server::Route>& Server::Routes() {
  static const auto* const routes = new std::vector<Route>{
      {"GET", "/", &Server::GetRoot},
      {"HEAD", "/", &Server::GetRoot},
      {"GET", "/api/version", &Server::GetVersion},
      {"HEAD", "/api/version", &Server::GetVersion},
      {"GET", "/api/tags", &Server::GetTags},
      {"HEAD", "/api/tags", &Server::GetTags},
      {"GET", "/api/ps", &Server::GetRunning},
      {"POST", "/api/show", &Server::PostShow},
      {"POST", "/api/pull", &Server::PostPull},
      {"POST", "/api/generate", &Server::PostGenerate},
      {"POST", "/api/chat", &Server::PostChat},
      {"POST", "/v1/chat/completions", &Server::PostOpenAiChat},
      {"POST", "/completion", &Server::PostLlamaCppCompletion},
      {"GET", "/sim/text", &Server::GetSimText},
      {"POST", "/sim/text", &Server::PostSimText},
      {"GET", "/sim/sent", &Server::GetSimSent},
      {"GET", "/sim/requests", &Server::GetSimRequests},
      {"GET", "/sim/log", &Server::GetSimLog},
      {"GET", "/sim/clock", &Server::GetSimClock},
      {"GET", "/sim/timing", &Server::GetSimTiming},
      {"POST", "/sim/down", &Server::PostSimDown},
  };
  return *routes;
}

void Server::OnRequest(Connection* connection, HttpRequest request) {
  connection->SetSegments(0, 0);
  if (!HostAllowed(request)) return SendWhole(connection, request, 403, "", "");
  bool path_known = false;
  for (const Route& route : Routes()) {
    if (route.path != request.path) continue;
    if (route.method == request.method) return (this->*route.respond)(connection, request);
    path_known = true;
  }
  if (path_known) return SendWhole(connection, request, 405, kPlainText, "405 method not allowed");
  SendWhole(connection, request, 404, kPlainText, "404 page not found");
}

}  // namespace genwatch::ollama_sim
