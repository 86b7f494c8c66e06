#ifndef GENWATCH_TESTS_OLLAMA_SIM_CONNECTION_H_
#define GENWATCH_TESTS_OLLAMA_SIM_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/ollama_sim/event_loop.h"
#include "tests/ollama_sim/http_request.h"

namespace genwatch::ollama_sim {

class Connection;

// What answers one request over time. Destroyed when the answer is over, or the client left.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // The client closed or reset the connection; the exchange is destroyed soon after.
  virtual void OnPeerGone() = 0;
  // Nothing is buffered (any more); said after each send that left nothing behind.
  virtual void OnDrained() {}
};

// One accepted socket. Its owner is told of each request, and answers it at once with Send() and
// FinishAnswer(), or gives it an Exchange that does so later.
class Connection : public EventLoop::Handler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnRequest(Connection* connection, HttpRequest request) = 0;
    virtual void OnBadRequest(Connection* connection) = 0;
    // Called once, when nothing will happen on the connection any more; the owner deletes it by
    // EventLoop::Defer.
    virtual void OnClosed(Connection* connection, bool by_peer) = 0;
  };

  Connection(EventLoop* loop, UniqueFd socket, uint64_t id, Owner* owner);
  ~Connection() override;

  // Sends `bytes`, or queues what the socket does not take.
  void Send(std::string_view bytes);
  // From now on each send(2) has `bytes` bytes (0: all) and they are `gap_ns` apart.
  void SetSegments(size_t bytes, int64_t gap_ns);
  // True if so much waits for the client that a real server would stand still.
  bool Backlogged() const { return unsent_.size() - sent_ > kMaxBacklog; }

  void Begin(std::unique_ptr<Exchange> exchange) { exchange_ = std::move(exchange); }
  // The answer is complete: the next request is read, or, unless `keep_alive`, FIN is sent.
  void FinishAnswer(bool keep_alive);
  // The next request closes the connection, unanswered.
  void CloseOnNextRequest() { close_on_next_request_ = true; }
  // Sends what is queued and FIN, and waits a little for the client's FIN.
  void CloseGracefully();
  // Sends a TCP reset. Unsent bytes are lost.
  void Reset();
  // The server died: the connection breaks, and its exchange is told that nobody listens.
  void Kill();

  uint64_t id() const { return id_; }
  int64_t bytes_read() const { return bytes_read_; }
  // What the socket took; how much of it the client read is not known.
  int64_t bytes_written() const { return bytes_written_; }
  // MonotonicNs; 0: nothing was written.
  int64_t last_write_ns() const { return last_write_ns_; }
  void OnEvents(uint32_t events) override;

 private:
  static constexpr size_t kMaxBacklog = 1 << 20;

  void Read();
  void HandleRequests();
  void Flush();
  void FlushSegment();
  bool SendSome(size_t limit);
  void OnAllSent();
  void OnPeerEnded();
  void OnPeerGone();
  void Close(bool by_peer);
  void UpdateInterest();

  EventLoop* const loop_;
  UniqueFd socket_;
  const uint64_t id_;
  Owner* const owner_;
  HttpRequestParser parser_;
  std::unique_ptr<Exchange> exchange_;
  bool answering_ = false;
  bool close_on_next_request_ = false;
  bool closing_ = false;  // FIN follows what is queued
  bool fin_sent_ = false;
  bool peer_ended_ = false;
  bool closed_ = false;
  uint32_t interest_ = 0;
  std::string unsent_;  // from sent_ on
  size_t sent_ = 0;
  size_t segment_bytes_ = 0;
  int64_t segment_gap_ns_ = 0;
  EventLoop::TimerId segment_timer_ = EventLoop::kNoTimer;
  EventLoop::TimerId linger_timer_ = EventLoop::kNoTimer;
  EventLoop::TimerId next_request_timer_ = EventLoop::kNoTimer;
  int64_t bytes_read_ = 0;
  int64_t bytes_written_ = 0;
  int64_t last_write_ns_ = 0;
};

}  // namespace genwatch::ollama_sim

#endif  // GENWATCH_TESTS_OLLAMA_SIM_CONNECTION_H_
