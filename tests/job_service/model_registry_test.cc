#include "job_service/model_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/status.h"

namespace genwatch {
namespace {

using ::testing::HasSubstr;

v1::ModelReport Report(const std::string& url, const std::vector<std::string>& models,
                       bool reachable = true) {
  v1::ModelReport report;
  report.mutable_server()->set_url(url);
  report.mutable_server()->set_reachable(reachable);
  for (const std::string& model : models) report.add_models()->set_name(model);
  return report;
}

TEST(ModelRegistryTest, WithoutAReportANamedModelIsTakenAsItIs) {
  ModelRegistry registry("");
  EXPECT_EQ(*registry.Resolve("llama3"), "llama3");
  const absl::Status status = registry.Resolve("").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "NO_MODEL_KNOWN");
}

TEST(ModelRegistryTest, TheLoadedContextIsThatOfAServerThatCanBeReached) {
  ModelRegistry registry("");
  v1::ModelReport report = Report("a", {"llama3:latest"});
  registry.Update(report);
  EXPECT_EQ(registry.LoadedContextOf("llama3:latest"), std::nullopt);
  report.mutable_models(0)->set_loaded(true);
  report.mutable_models(0)->set_loaded_context_length(4096);
  registry.Update(report);
  EXPECT_EQ(registry.LoadedContextOf("llama3:latest"), 4096u);
  EXPECT_EQ(registry.LoadedContextOf("another"), std::nullopt);
  report.mutable_server()->set_reachable(false);
  registry.Update(report);
  EXPECT_EQ(registry.LoadedContextOf("llama3:latest"), std::nullopt);
}

TEST(ModelRegistryTest, AnUnknownModelIsRefusedWithTheKnownOnes) {
  ModelRegistry registry("");
  registry.Update(Report("a", {"llama3:latest", "qwen3:8b"}));
  const absl::Status status = registry.Resolve("gpt").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
  EXPECT_THAT(std::string(status.message()), HasSubstr("llama3:latest, qwen3:8b"));
}

TEST(ModelRegistryTest, LatestIsAddedWhereOnlyThatIsKnown) {
  ModelRegistry registry("");
  registry.Update(Report("a", {"llama3:latest"}));
  EXPECT_EQ(*registry.Resolve("llama3"), "llama3:latest");
}

TEST(ModelRegistryTest, NoNameMeansTheDefaultElseTheFirst) {
  ModelRegistry first("");
  first.Update(Report("a", {"one", "two"}));
  EXPECT_EQ(*first.Resolve(""), "one");
  ModelRegistry set("two");
  set.Update(Report("a", {"one", "two"}));
  EXPECT_EQ(*set.Resolve(""), "two");
  EXPECT_EQ(set.List().default_model(), "two");
}

TEST(ModelRegistryTest, AnUnreachableServerKeepsItsModels) {
  ModelRegistry registry("");
  registry.Update(Report("a", {"one"}));
  v1::ModelReport down = Report("a", {}, /*reachable=*/false);
  down.mutable_server()->mutable_next_look_time()->set_seconds(1000);
  registry.Update(down);
  EXPECT_EQ(*registry.Resolve("one"), "one");
  const std::optional<ModelOutage> outage = registry.OutageOf("one");
  ASSERT_TRUE(outage.has_value());
  EXPECT_EQ(outage->reason, "MODEL_SERVER_UNREACHABLE");
  EXPECT_EQ(outage->next_look, absl::FromUnixSeconds(1000));
}

TEST(ModelRegistryTest, OneReachableServerIsEnough) {
  ModelRegistry registry("");
  registry.Update(Report("a", {"one"}, /*reachable=*/false));
  registry.Update(Report("b", {"one"}));
  EXPECT_FALSE(registry.OutageOf("one").has_value());
  EXPECT_FALSE(registry.OutageOf("unknown").has_value());
}

TEST(ModelRegistryTest, AModelOfTwoServersIsListedOnce) {
  ModelRegistry registry("");
  registry.Update(Report("a", {"one"}));
  registry.Update(Report("b", {"one", "two"}));
  EXPECT_EQ(registry.List().models_size(), 2);
  EXPECT_EQ(registry.List().servers_size(), 2);
}

}  // namespace
}  // namespace genwatch
