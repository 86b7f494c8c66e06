#ifndef GENWATCH_TESTS_OLLAMA_SIM_SERVER_H_
#define GENWATCH_TESTS_OLLAMA_SIM_SERVER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/ollama_sim/connection.h"
#include "tests/ollama_sim/event_loop.h"
#include "tests/ollama_sim/generation.h"
#include "tests/ollama_sim/options.h"
#include "tests/ollama_sim/pacing.h"
#include "tests/ollama_sim/request_log.h"
#include "tests/ollama_sim/runner_pool.h"

namespace genwatch::ollama_sim {

// The simulator: listens, and answers as an Ollama server does. Listen() and Run() belong to one
// thread; Stop() may be called from any. Destroyed after Run() returned.
class Server : public Connection::Owner, public EventLoop::Handler {
 public:
  explicit Server(Options options);
  ~Server() override;

  // Binds the address; on failure says why.
  std::string Listen();
  // The bound port, after Listen().
  int port() const { return port_; }
  // Serves until Stop(); then all connections are closed.
  void Run() { loop_.Run(); }
  void Stop() { loop_.Stop(); }

 private:
  using Respond = void (Server::*)(Connection*, const HttpRequest&);
  struct Route {
    std::string_view method;
    std::string_view path;
    Respond respond;
  };
  static const std::vector<Route>& Routes();

  // EventLoop::Handler: connections to accept.
  void OnEvents(uint32_t events) override;
  // Connection::Owner
  void OnRequest(Connection* connection, HttpRequest request) override;
  void OnBadRequest(Connection* connection) override;
  void OnClosed(Connection* connection, bool by_peer) override;

  std::string Bind();
  // FindModel, but for those that have to be pulled first.
  const Model* FindPresentModel(const std::string& name) const;
  bool HostAllowed(const HttpRequest& request) const;

  // api_routes.cc
  void GetRoot(Connection* connection, const HttpRequest& request);
  void GetVersion(Connection* connection, const HttpRequest& request);
  void GetTags(Connection* connection, const HttpRequest& request);
  void GetRunning(Connection* connection, const HttpRequest& request);
  void PostPull(Connection* connection, const HttpRequest& request);
  void PostShow(Connection* connection, const HttpRequest& request);
  // answer_routes.cc
  void PostGenerate(Connection* connection, const HttpRequest& request);
  void PostChat(Connection* connection, const HttpRequest& request);
  void PostOpenAiChat(Connection* connection, const HttpRequest& request);
  void PostLlamaCppCompletion(Connection* connection, const HttpRequest& request);
  void AnswerApi(ApiRequestOrError parsed, Connection* connection, const HttpRequest& request);
  void ChooseFault(const Model& model, Question* question);
  // sim_routes.cc
  void GetSimText(Connection* connection, const HttpRequest& request);
  void PostSimText(Connection* connection, const HttpRequest& request);
  void SendSimText(ApiRequest api_request, Connection* connection, const HttpRequest& request);
  void GetSimSent(Connection* connection, const HttpRequest& request);
  void GetSimRequests(Connection* connection, const HttpRequest& request);
  void GetSimLog(Connection* connection, const HttpRequest& request);
  void GetSimClock(Connection* connection, const HttpRequest& request);
  void GetSimTiming(Connection* connection, const HttpRequest& request);
  void PostSimDown(Connection* connection, const HttpRequest& request);

  void GoDown(int64_t ms);

  const Options options_;
  EventLoop loop_;
  RequestLog log_;
  Phases phases_;
  MicrosecondHistogram lateness_;
  RunnerPool runners_;
  Simulation simulation_;
  UniqueFd listener_;
  int port_ = 0;
  uint64_t last_connection_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  // How often each prompt was asked, for faults that end after a number of requests.
  std::unordered_map<uint64_t, int> times_asked_;
  std::set<std::string> absent_;  // models that have to be pulled
  EventLoop::TimerId up_timer_ = EventLoop::kNoTimer;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_SERVER_H_
