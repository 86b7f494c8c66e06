#include "generation_service/options.h"

#include <cstdint>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/grpc_channel.h"
#include "common/problems.h"
#include "common/string_view.h"
#include "generation_service/curl/base_url.h"
#include "generation_service/header_file.h"
#include "generation_service/model_patterns.h"

ABSL_DECLARE_FLAG(double, drain_seconds);

ABSL_FLAG(std::string, job_service, "127.0.0.1:50051",
          "where jobs come from: host:port, several IPv4 ones with commas between, or "
          "dns:///name:port");
ABSL_FLAG(std::string, model_client, "ollama",
          "'ollama', or for benchmarks 'noop': one model, noop, completes every job at once");
ABSL_FLAG(std::string, ollama_url, "http://127.0.0.1:11434",
          "base URL of the model server, without credentials");
ABSL_FLAG(std::string, ollama_header_file, "",
          "file of HTTP headers for the model server, 'Name: value' one a line; never logged");
ABSL_FLAG(uint32_t, max_concurrent, 1,
          "jobs of one model at once on the model server (its OLLAMA_NUM_PARALLEL)");
ABSL_FLAG(uint32_t, max_jobs, 128,
          "jobs in hand, those included whose results wait for the job service");
ABSL_FLAG(std::string, continue_models, genwatch::kContinuingModels,
          "models that go on from the kept text of an earlier attempt, as patterns with '*', "
          "separated by commas; the others start over. Empty: none");
ABSL_FLAG(bool, preload, true,
          "have a model that is not known to be loaded loaded by a request of its own, so that "
          "loading and reading the prompt are told apart; off for servers that can't do that");
ABSL_FLAG(std::string, advertise, "",
          "host:port at which others reach this service; default: --host and the bound port");
ABSL_FLAG(absl::Duration, append_interval, absl::Seconds(1),
          "how often text is stored while it comes: what a worker that is lost takes with it");
ABSL_FLAG(absl::Duration, first_byte_timeout, absl::Minutes(15),
          "longest silence before an answer; includes loading the model");

namespace genwatch {
namespace {

constexpr int kPort = 50052;
constexpr int kMetricsPort = 9092;
constexpr double kDrainSeconds = 20;
constexpr uint32_t kMostConcurrent = 1'000;
constexpr uint32_t kMostJobs = 10'000;

std::string RandomInstance() {
  std::random_device random;
  return absl::StrFormat("w_%08x%08x", random(), random());
}

bool IsWildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::" || host == "[::]";
}

std::string HostPort(const std::string& host, int port) {
  const bool bare_v6 = host.find(':') != std::string::npos && host.front() != '[';
  return bare_v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

bool ReadNoop(Problems& problems) {
  const std::string client = absl::GetFlag(FLAGS_model_client);
  if (client != "ollama" && client != "noop") {
    problems.Add("--model_client", absl::StrCat("'", client, "' is neither ollama nor noop"));
  }
  return client == "noop";
}

void ReadOllama(OllamaOptions& ollama, Problems& problems) {
  absl::StatusOr<std::string> url = NormalizedBaseUrl(absl::GetFlag(FLAGS_ollama_url));
  if (url.ok()) {
    ollama.url = *std::move(url);
  } else {
    problems.Add("--ollama_url", ToStd(url.status().message()));
  }
  const std::string header_file = absl::GetFlag(FLAGS_ollama_header_file);
  if (header_file.empty()) return;
  absl::StatusOr<std::vector<std::string>> headers = ReadHeaderFile(header_file);
  if (headers.ok()) {
    ollama.headers = *std::move(headers);
  } else {
    problems.Add("--ollama_header_file", ToStd(headers.status().message()));
  }
}

void ReadWorker(WorkerOptions& worker, Problems& problems) {
  worker.instance = RandomInstance();
  worker.continuing = ModelPatterns(absl::GetFlag(FLAGS_continue_models));
  worker.max_concurrent = absl::GetFlag(FLAGS_max_concurrent);
  if (worker.max_concurrent < 1 || worker.max_concurrent > kMostConcurrent) {
    problems.Add("--max_concurrent",
                 absl::StrCat(worker.max_concurrent, " is not between 1 and ", kMostConcurrent));
  }
  worker.max_jobs = absl::GetFlag(FLAGS_max_jobs);
  if (worker.max_jobs < 1 || worker.max_jobs > kMostJobs) {
    problems.Add("--max_jobs", absl::StrCat(worker.max_jobs, " is not between 1 and ", kMostJobs));
  }
  worker.append_interval = absl::GetFlag(FLAGS_append_interval);
  if (worker.append_interval < absl::Milliseconds(10) ||
      worker.append_interval > absl::Minutes(1)) {
    problems.Add("--append_interval", "is not between 10ms and 1m");
  }
  worker.first_byte_timeout = absl::GetFlag(FLAGS_first_byte_timeout);
  if (worker.first_byte_timeout <= absl::ZeroDuration()) {
    problems.Add("--first_byte_timeout", "is not positive");
  }
}

}  // namespace

void SetFlagDefaults() {
  SetServerFlagDefaults(kPort, kMetricsPort);
  absl::SetFlag(&FLAGS_drain_seconds, kDrainSeconds);
}

absl::StatusOr<Options> OptionsFromFlags() {
  Problems problems;
  Options options;
  options.server = ServerOptionsFromFlags(problems);
  options.ollama.preload = absl::GetFlag(FLAGS_preload);
  options.job_service = absl::GetFlag(FLAGS_job_service);
  if (absl::Status target = CheckTarget(options.job_service); !target.ok()) {
    problems.Add("--job_service", ToStd(target.message()));
  }
  options.noop = ReadNoop(problems);
  ReadOllama(options.ollama, problems);
  options.advertise = absl::GetFlag(FLAGS_advertise);
  if (options.advertise.empty() && IsWildcard(options.server.host)) {
    problems.Add("--advertise", absl::StrCat("is needed, because others can't connect to --host=",
                                             options.server.host));
  }
  ReadWorker(options.worker, problems);
  options.worker.drain = options.server.drain;
  if (absl::Status status = problems.ToStatus(); !status.ok()) return status;
  return options;
}

std::string AdvertisedAddress(const Options& options, int port) {
  return options.advertise.empty() ? HostPort(options.server.host, port) : options.advertise;
}

}  // namespace genwatch
