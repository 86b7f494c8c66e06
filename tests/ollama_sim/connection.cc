#include "tests/ollama_sim/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "tests/ollama_sim/clock.h"

namespace genwatch::ollama_sim {
namespace {

// After our FIN the client has this long to close its side.
constexpr int64_t kLingerNs = kNsPerSecond;
// While an answer is under way so much of the next requests is read ahead.
constexpr size_t kMaxReadAhead = 1 << 20;

}  // namespace

Connection::Connection(EventLoop* loop, UniqueFd socket, uint64_t id, Owner* owner)
    : loop_(loop), socket_(std::move(socket)), id_(id), owner_(owner) {
  const int on = 1;  // each chunk goes out at once
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  interest_ = EPOLLIN | EPOLLRDHUP;
  loop_->Add(socket_.get(), interest_, this);
}

Connection::~Connection() {
  loop_->Cancel(&segment_timer_);
  loop_->Cancel(&linger_timer_);
  loop_->Cancel(&next_request_timer_);
}

void Connection::OnEvents(uint32_t events) {
  if (closed_) return;
  if (events & (EPOLLERR | EPOLLHUP)) return OnPeerGone();
  if (events & EPOLLOUT) Flush();
  if (!closed_ && (events & (EPOLLIN | EPOLLRDHUP))) Read();
}

void Connection::Read() {
  char buffer[16 << 10];
  while (!closed_) {
    const ssize_t count = recv(socket_.get(), buffer, sizeof(buffer), 0);
    if (count > 0) {
      bytes_read_ += count;
      if (!closing_) parser_.Append({buffer, static_cast<size_t>(count)});
      if (!answering_) HandleRequests();
      if (!closed_ && parser_.buffered() > kMaxReadAhead && answering_) break;
    } else if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      break;
    } else {
      peer_ended_ = true;
      break;
    }
  }
  if (closed_) return;
  if (peer_ended_) return OnPeerEnded();
  UpdateInterest();
}

void Connection::OnPeerEnded() {
  // As in Go's server, a client that closes its side has left, and its request is cancelled. But an
  // answer that is complete is still delivered.
  if (exchange_ != nullptr || fin_sent_ || sent_ == unsent_.size()) return OnPeerGone();
  closing_ = true;
  UpdateInterest();
}

void Connection::HandleRequests() {
  while (!closed_ && !closing_ && !answering_) {
    switch (parser_.Next()) {
      case HttpRequestParser::Result::kNeedMore:
        return;
      case HttpRequestParser::Result::kContinue:
        Send("HTTP/1.1 100 Continue\r\n\r\n");
        return;
      case HttpRequestParser::Result::kBad:
        answering_ = true;
        owner_->OnBadRequest(this);
        return;
      case HttpRequestParser::Result::kRequest:
        if (close_on_next_request_) return CloseGracefully();
        answering_ = true;
        owner_->OnRequest(this, parser_.TakeRequest());
    }
  }
}

void Connection::FinishAnswer(bool keep_alive) {
  if (closed_) return;
  // The exchange may be what calls this.
  if (exchange_ != nullptr) {
    loop_->Defer([exchange = std::shared_ptr<Exchange>(std::move(exchange_))] {});
  }
  if (!keep_alive) return CloseGracefully();
  answering_ = false;
  // Requests that were read ahead, but not from within the handler of this one.
  loop_->Cancel(&next_request_timer_);
  next_request_timer_ = loop_->At(0, [this] { HandleRequests(); });
  UpdateInterest();
}

void Connection::SetSegments(size_t bytes, int64_t gap_ns) {
  segment_bytes_ = bytes;
  segment_gap_ns_ = gap_ns;
}

void Connection::Send(std::string_view bytes) {
  if (closed_ || closing_) return;
  unsent_.append(bytes);
  Flush();
}

void Connection::Flush() {
  if (segment_bytes_ > 0) return FlushSegment();
  while (!closed_ && sent_ < unsent_.size()) {
    if (!SendSome(unsent_.size() - sent_)) break;
  }
  if (closed_) return;
  if (sent_ == unsent_.size()) OnAllSent();
  UpdateInterest();
}

void Connection::FlushSegment() {
  if (segment_timer_ != EventLoop::kNoTimer) return;
  if (sent_ == unsent_.size()) {
    OnAllSent();
    return UpdateInterest();
  }
  SendSome(std::min(segment_bytes_, unsent_.size() - sent_));
  if (closed_) return;
  segment_timer_ = loop_->At(MonotonicNs() + segment_gap_ns_, [this] {
    segment_timer_ = EventLoop::kNoTimer;
    Flush();
  });
}

// False if the socket takes nothing now.
bool Connection::SendSome(size_t limit) {
  const ssize_t count = send(socket_.get(), unsent_.data() + sent_, limit, MSG_NOSIGNAL);
  if (count >= 0) {
    sent_ += static_cast<size_t>(count);
    bytes_written_ += count;
    last_write_ns_ = MonotonicNs();
    return true;
  }
  if (errno != EAGAIN && errno != EINTR) OnPeerGone();
  return false;
}

void Connection::OnAllSent() {
  unsent_.clear();
  sent_ = 0;
  if (closing_ && !fin_sent_) {
    fin_sent_ = true;
    shutdown(socket_.get(), SHUT_WR);
    if (peer_ended_) return Close(/*by_peer=*/false);
    linger_timer_ = loop_->At(MonotonicNs() + kLingerNs, [this] { Close(/*by_peer=*/false); });
  }
  if (exchange_ != nullptr) exchange_->OnDrained();
}

void Connection::UpdateInterest() {
  if (closed_) return;
  uint32_t interest = 0;
  if (!peer_ended_) interest |= EPOLLRDHUP;
  if (!peer_ended_ && (!answering_ || parser_.buffered() <= kMaxReadAhead)) interest |= EPOLLIN;
  if (sent_ < unsent_.size() && segment_bytes_ == 0) interest |= EPOLLOUT;
  if (interest != interest_) loop_->Change(socket_.get(), interest, this);
  interest_ = interest;
}

void Connection::OnPeerGone() {
  if (closed_) return;
  if (exchange_ != nullptr) {
    exchange_->OnPeerGone();
    loop_->Defer([exchange = std::shared_ptr<Exchange>(std::move(exchange_))] {});
  }
  Close(/*by_peer=*/!closing_);
}

void Connection::CloseGracefully() {
  if (closed_ || closing_) return;
  closing_ = true;
  Flush();
}

void Connection::Reset() {
  if (closed_) return;
  const linger abort_on_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof(abort_on_close));
  Close(/*by_peer=*/false);
}

void Connection::Kill() {
  if (closed_) return;
  if (exchange_ != nullptr) exchange_->OnPeerGone();
  Reset();
}

void Connection::Close(bool by_peer) {
  if (closed_) return;
  closed_ = true;
  loop_->Cancel(&segment_timer_);
  loop_->Cancel(&linger_timer_);
  loop_->Cancel(&next_request_timer_);
  loop_->Remove(socket_.get());
  socket_.Close();
  owner_->OnClosed(this, by_peer);
}

}  // namespace genwatch::ollama_sim
