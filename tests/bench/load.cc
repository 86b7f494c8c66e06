// bench_load ADDRESS OWNER MODEL JOBS CLIENTS PHASE: submits JOBS jobs by CLIENTS callers, each
// with a connection of its own and one call at a time. PHASE `submits` ends with the last answer;
// `jobs` when none of the owner's jobs is active. Prints jobs per second. Fails if any submit does.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "genwatch/v1/job_feed_service.grpc.pb.h"
#include "genwatch/v1/job_service.grpc.pb.h"

namespace genwatch {
namespace {

using Clock = std::chrono::steady_clock;

// Of 150 bytes, as a job's data are in the peer's benchmark.
const std::string& Prompt() {
  static const auto* const prompt = new std::string(150, 'x');
  return *prompt;
}

struct Load {
  std::string owner;
  std::string model;
  int jobs = 0;
  std::atomic<int> begun = 0;
  std::atomic<int> open = 0;
  std::atomic<int> failed = 0;
};

// One caller: the next submit begins when the last is answered.
class Caller {
 public:
  Caller(std::shared_ptr<grpc::Channel> channel, Load* load)
      : stub_(v1::JobService::NewStub(std::move(channel))), load_(load) {}

  const std::string& last_job() const { return last_job_; }

  void Next() {
    if (load_->begun.fetch_add(1) >= load_->jobs) {
      load_->open.fetch_sub(1);
      load_->open.notify_one();
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    context_->AddMetadata("x-genwatch-user", load_->owner);
    request_.Clear();
    request_.mutable_spec()->set_model(load_->model);
    request_.mutable_spec()->set_prompt(Prompt());
    stub_->async()->SubmitJob(context_.get(), &request_, &response_, [this](grpc::Status status) {
      if (!status.ok() && load_->failed.fetch_add(1) == 0) {
        std::fprintf(stderr, "submit: %s\n", status.error_message().c_str());
      }
      last_job_ = response_.job().job_id();
      Next();
    });
  }

 private:
  const std::unique_ptr<v1::JobService::Stub> stub_;
  Load* const load_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::SubmitJobRequest request_;
  v1::SubmitJobResponse response_;
  std::string last_job_;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& address, int number) {
  grpc::ChannelArguments arguments;
  // Arguments that differ keep channels from sharing a connection.
  arguments.SetInt("genwatch.bench.caller", number);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10));
  return channel;
}

// Until it has ended, or cannot be asked about.
void AwaitJob(v1::JobService::Stub& stub, const std::string& owner, const std::string& job_id) {
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  request.set_view(v1::JOB_VIEW_BASIC);
  request.set_wait_ms(10'000);
  v1::GetJobResponse response;
  do {
    request.set_known_version(response.job().version());
    grpc::ClientContext context;
    context.AddMetadata("x-genwatch-user", owner);
    if (!stub.GetJob(&context, request, &response).ok()) return;
  } while (!response.job().has_end_time());
}

// The callers' last jobs are awaited first, and at no cost: a list of thousands of active jobs that
// is asked for again and again would be part of what is measured.
bool AwaitEnd(const std::string& address, const std::string& owner,
              const std::vector<std::string>& last_jobs) {
  const auto channel = Connect(address, 0);
  const auto jobs = v1::JobService::NewStub(channel);
  for (const std::string& job_id : last_jobs) AwaitJob(*jobs, owner, job_id);
  const auto stub = v1::JobFeedService::NewStub(channel);
  const auto deadline = Clock::now() + std::chrono::minutes(5);
  while (Clock::now() < deadline) {
    grpc::ClientContext context;
    v1::ListActiveRequest request;
    request.set_owner_id(owner);
    v1::ListActiveResponse response;
    const grpc::Status status = stub->ListActive(&context, request, &response);
    if (status.ok() && response.job_ids().empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::fprintf(stderr, "jobs are still active after five minutes\n");
  return false;
}

int Run(const std::string& address, Load& load, int callers, bool to_the_end) {
  std::vector<std::unique_ptr<Caller>> all;
  for (int i = 0; i < callers; ++i) {
    all.push_back(std::make_unique<Caller>(Connect(address, i + 1), &load));
  }
  load.open = callers;
  const auto begin = Clock::now();
  for (const auto& caller : all) caller->Next();
  for (int open = load.open; open > 0; open = load.open) load.open.wait(open);
  if (load.failed > 0) return 1;
  if (to_the_end) {
    std::vector<std::string> last_jobs;
    for (const auto& caller : all) last_jobs.push_back(caller->last_job());
    if (!AwaitEnd(address, load.owner, last_jobs)) return 1;
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  std::printf("%.1f\n", load.jobs / took.count());
  return 0;
}

}  // namespace
}  // namespace genwatch

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s ADDRESS OWNER MODEL JOBS CLIENTS submits|jobs\n", argv[0]);
    return 2;
  }
  genwatch::Load load;
  load.owner = argv[2];
  load.model = argv[3];
  load.jobs = std::atoi(argv[4]);
  return genwatch::Run(argv[1], load, std::atoi(argv[5]), std::string(argv[6]) == "jobs");
}
