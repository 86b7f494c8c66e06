#include <google/protobuf/descriptor.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <gtest/gtest.h>

#include "genwatch/v1/generation_service.grpc.pb.h"
#include "genwatch/v1/job_feed_service.grpc.pb.h"
#include "genwatch/v1/job_lease_service.grpc.pb.h"
#include "genwatch/v1/job_service.grpc.pb.h"
#include "genwatch/v1/progress_service.grpc.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace genwatch {
namespace {

// A file registered twice ends the process before main, so that this runs at all, with all of gRPC
// and all our protos linked, is half of the test.
TEST(ProtosTest, EverythingIsRegisteredOnceBesideGrpcsOwn) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // Files register themselves when their object is linked, and a message of each is enough.
  const int bytes = static_cast<int>(
      v1::GetProgressRequest().ByteSizeLong() + v1::SubmitJobRequest().ByteSizeLong() +
      v1::LeaseJobsRequest().ByteSizeLong() + v1::GetJobStatesRequest().ByteSizeLong() +
      v1::StreamStatesRequest().ByteSizeLong() +
      grpc::health::v1::HealthCheckRequest().ByteSizeLong());
  EXPECT_EQ(bytes, 0);
  EXPECT_EQ(google::rpc::Status::descriptor()->file()->name(), "google/rpc/status.proto");
  const auto& pool = *google::protobuf::DescriptorPool::generated_pool();
  for (const char* const service :
       {v1::JobService::service_full_name(), v1::JobLeaseService::service_full_name(),
        v1::JobFeedService::service_full_name(), v1::GenerationService::service_full_name(),
        v1::ProgressService::service_full_name(), grpc::health::v1::Health::service_full_name()}) {
    EXPECT_NE(pool.FindServiceByName(service), nullptr) << service;
  }
}

}  // namespace
}  // namespace genwatch
