#include "job_service/spec_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "common/status.h"

namespace genwatch {
namespace {

using ::testing::HasSubstr;

v1::JobSpec Prompt(const std::string& prompt) {
  v1::JobSpec spec;
  spec.set_prompt(prompt);
  return spec;
}

std::string Message(const v1::JobSpec& spec, SpecLimits limits = {}) {
  return std::string(CheckSpec(spec, limits).message());
}

TEST(CheckSpecTest, APromptIsEnough) { EXPECT_TRUE(CheckSpec(Prompt("Say hi"), {}).ok()); }

TEST(CheckSpecTest, EmptyAndBlankPromptsAreRefused) {
  for (const char* prompt : {"", " ", "\n\t "}) {
    const absl::Status status = CheckSpec(Prompt(prompt), {});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), "INVALID_SPEC");
    EXPECT_THAT(std::string(status.message()), HasSubstr("prompt: is empty"));
  }
}

// The seed checked the length in the browser only.
TEST(CheckSpecTest, SeedDefect10PromptOverTheLimitIsRefused) {
  EXPECT_TRUE(CheckSpec(Prompt(std::string(65536, 'x')), {}).ok());
  EXPECT_THAT(Message(Prompt(std::string(65537, 'x'))), HasSubstr("65537 bytes"));
}

TEST(CheckSpecTest, SystemAndMessagesCountAsPrompt) {
  v1::JobSpec spec = Prompt("12345");
  spec.set_system("67890");
  EXPECT_TRUE(CheckSpec(spec, {.prompt_bytes = 10}).ok());
  EXPECT_FALSE(CheckSpec(spec, {.prompt_bytes = 9}).ok());
}

TEST(CheckSpecTest, PromptAndMessagesTogetherAreRefused) {
  v1::JobSpec spec = Prompt("x");
  v1::ChatMessage& message = *spec.add_messages();
  message.set_role("user");
  message.set_content("y");
  EXPECT_THAT(Message(spec), HasSubstr("either prompt or messages"));
  spec.clear_prompt();
  EXPECT_TRUE(CheckSpec(spec, {}).ok());
}

TEST(CheckSpecTest, AnUnknownRoleIsNamedByItsPlace) {
  v1::JobSpec spec;
  spec.add_messages()->set_role("user");
  spec.mutable_messages(0)->set_content("hi");
  spec.add_messages()->set_role("robot");
  EXPECT_THAT(Message(spec), HasSubstr("messages[1].role"));
}

TEST(CheckSpecTest, ModelNamesThatCouldLeaveTheServerAreRefused) {
  for (const char* good : {"llama3", "llama3:8b-q4_0", "hf.co/me/model:latest"}) {
    v1::JobSpec spec = Prompt("x");
    spec.set_model(good);
    EXPECT_TRUE(CheckSpec(spec, {}).ok()) << good;
  }
  for (const std::string& bad : {std::string("a b"), std::string("../x"), std::string("a\nb"),
                                 std::string(129, 'a'), std::string("m?x=1")}) {
    v1::JobSpec spec = Prompt("x");
    spec.set_model(bad);
    EXPECT_THAT(Message(spec), HasSubstr("model: must be")) << bad;
  }
}

TEST(CheckSpecTest, AllFaultsAreReportedAtOnce) {
  v1::JobSpec spec = Prompt("");
  spec.mutable_options()->set_temperature(std::numeric_limits<double>::quiet_NaN());
  spec.mutable_options()->set_num_predict(0);
  spec.mutable_options()->set_top_p(1.5);
  spec.mutable_options()->set_num_ctx(0);
  spec.set_job_class("no spaces");
  (*spec.mutable_labels())["Upper"] = "x";
  const std::string message = Message(spec);
  for (const char* field : {"prompt", "options.temperature", "options.num_predict", "options.top_p",
                            "options.num_ctx", "job_class", "labels"}) {
    EXPECT_THAT(message, HasSubstr(field));
  }
}

TEST(CheckSpecTest, ToolsAndImagesAreRefusedWithTheirReason) {
  v1::JobSpec spec = Prompt("x");
  spec.add_tools();
  EXPECT_EQ(ReasonOf(CheckSpec(spec, {})), "TOOLS_UNSUPPORTED");
  spec = Prompt("x");
  spec.add_images("png");
  EXPECT_EQ(ReasonOf(CheckSpec(spec, {})), "IMAGES_UNSUPPORTED");
  spec = v1::JobSpec();
  spec.add_messages()->set_role("user");
  spec.mutable_messages(0)->set_content("see");
  spec.mutable_messages(0)->add_images("png");
  EXPECT_EQ(ReasonOf(CheckSpec(spec, {})), "IMAGES_UNSUPPORTED");
}

TEST(CheckSpecTest, UnknownEnumValuesAreRefused) {
  v1::JobSpec spec = Prompt("x");
  spec.set_priority(static_cast<v1::Priority>(17));
  EXPECT_THAT(Message(spec), HasSubstr("priority: must be low, normal or high"));
}

TEST(CheckRequestIdTest, OnlyPrintableAsciiIsTaken) {
  EXPECT_TRUE(CheckRequestId("").ok());
  EXPECT_TRUE(CheckRequestId("3f1c-77").ok());
  EXPECT_EQ(ReasonOf(CheckRequestId("a b")), "BAD_REQUEST_ID");
  EXPECT_EQ(ReasonOf(CheckRequestId("é")), "BAD_REQUEST_ID");
  EXPECT_EQ(ReasonOf(CheckRequestId(std::string(129, 'a'))), "BAD_REQUEST_ID");
}

}  // namespace
}  // namespace genwatch
