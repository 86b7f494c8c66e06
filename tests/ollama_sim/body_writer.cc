#include "tests/ollama_sim/body_writer.h"

#include <zlib.h>

#include <cstdio>
#include <cstdlib>

#include "tests/ollama_sim/clock.h"

namespace genwatch::ollama_sim {
namespace {

constexpr std::string_view kStreamType = "application/x-ndjson";
// zlib's window bits; +16 asks for a gzip header.
constexpr int kGzipBits = MAX_WBITS + 16;
constexpr int kDeflateBits = MAX_WBITS;

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace

std::string ResponseHead(int status, std::string_view content_type,
                         std::string_view framing_headers, std::string_view extra_header,
                         bool http11) {
  std::string head = http11 ? "HTTP/1.1 " : "HTTP/1.0 ";
  head += std::to_string(status) + " ";
  head += ReasonPhrase(status);
  head += "\r\n";
  // Go sorts the headers that a handler sets.
  const bool extra_first = extra_header < std::string_view("Content-Type");
  if (extra_first) head += extra_header;
  if (!content_type.empty()) head += "Content-Type: " + std::string(content_type) + "\r\n";
  if (!extra_first) head += extra_header;
  head += "Date: " + HttpDate(WallNs()) + "\r\n";
  head += framing_headers;
  head += "\r\n";
  return head;
}

void SendWhole(Connection* connection, const HttpRequest& request, int status,
               std::string_view content_type, std::string_view body,
               std::string_view extra_header) {
  std::string framing = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  if (!request.keep_alive) framing += "Connection: close\r\n";
  std::string answer = ResponseHead(status, content_type, framing, extra_header);
  if (request.method != "HEAD") answer += body;
  connection->Send(answer);
  connection->FinishAnswer(request.keep_alive);
}

struct BodyWriter::Compressor {
  explicit Compressor(int window_bits) {
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      std::abort();  // out of memory
    }
  }
  ~Compressor() { deflateEnd(&stream); }

  // Flushed, so that the client can decode all of it at once.
  std::string Compress(std::string_view bytes, bool last) {
    std::string out;
    std::string input(bytes);  // zlib's interface is not const
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    char buffer[4096];
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer);
      stream.avail_out = sizeof(buffer);
      deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
      out.append(buffer, sizeof(buffer) - stream.avail_out);
    } while (stream.avail_out == 0);
    return out;
  }

  z_stream stream{};
};

BodyWriter::BodyWriter(Connection* connection, const Directive& directive, bool keep_alive)
    : connection_(connection),
      framing_(directive.framing),
      after_answer_(directive.after_answer),
      keep_alive_(keep_alive && directive.framing != Framing::kUntilClose &&
                  directive.after_answer != AfterAnswer::kAnnouncedClose),
      join_(directive.join),
      content_type_(directive.content_type.value_or(std::string(kStreamType))) {
  if (directive.encoding == Encoding::kGzip) {
    compressor_ = std::make_unique<Compressor>(kGzipBits);
    extra_header_ = "Content-Encoding: gzip\r\n";
  } else if (directive.encoding == Encoding::kDeflate) {
    compressor_ = std::make_unique<Compressor>(kDeflateBits);
    extra_header_ = "Content-Encoding: deflate\r\n";
  }
  if (directive.split_bytes > 0) {
    connection_->SetSegments(static_cast<size_t>(directive.split_bytes),
                             directive.split_us * kNsPerUs);
  }
}

BodyWriter::~BodyWriter() = default;

void BodyWriter::Start() {
  started_ = true;
  std::string framing = keep_alive_ ? "" : "Connection: close\r\n";
  if (framing_ == Framing::kChunked) framing += "Transfer-Encoding: chunked\r\n";
  pending_ =
      ResponseHead(200, content_type_, framing, extra_header_, framing_ != Framing::kUntilClose) +
      pending_;
}

void BodyWriter::StartWithLength(size_t body_length) {
  started_ = true;
  std::string framing = "Content-Length: " + std::to_string(body_length) + "\r\n";
  if (!keep_alive_) framing += "Connection: close\r\n";
  pending_ = ResponseHead(200, content_type_, framing, extra_header_) + pending_;
}

std::string BodyWriter::Encoded(std::string_view bytes, bool last) {
  return compressor_ == nullptr ? std::string(bytes) : compressor_->Compress(bytes, last);
}

std::string BodyWriter::Framed(std::string_view bytes) const {
  if (framing_ != Framing::kChunked || bytes.empty()) return std::string(bytes);
  char size[24];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

void BodyWriter::Line(std::string_view bytes) {
  if (!started_ && framing_ != Framing::kContentLength) Start();
  pending_ += Framed(Encoded(bytes, /*last=*/false));
  ++joined_lines_;
  if (join_ > 0 && joined_lines_ >= join_) FlushJoined();
}

void BodyWriter::FlushJoined() {
  if (framing_ == Framing::kContentLength && !started_) return;
  joined_lines_ = 0;
  connection_->Send(pending_);
  pending_.clear();
}

void BodyWriter::HalfChunk(std::string_view bytes) {
  const std::string whole = Framed(Encoded(bytes, /*last=*/false));
  if (framing_ == Framing::kContentLength && !started_) {
    StartWithLength(pending_.size() + whole.size());
  } else if (!started_) {
    Start();
  }
  pending_ += whole.substr(0, whole.size() / 2);
  FlushJoined();
}

void BodyWriter::End() {
  pending_ += Framed(Encoded({}, /*last=*/true));
  if (framing_ == Framing::kContentLength) {
    StartWithLength(pending_.size());
  } else if (!started_) {
    Start();
  }
  if (framing_ == Framing::kChunked) pending_ += "0\r\n\r\n";
  FlushJoined();
  if (after_answer_ == AfterAnswer::kCloseOnReuse) connection_->CloseOnNextRequest();
  connection_->FinishAnswer(keep_alive_ && after_answer_ != AfterAnswer::kSilentClose);
}

}  // namespace genwatch::ollama_sim
