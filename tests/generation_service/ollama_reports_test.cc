#include "generation_service/ollama_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genwatch {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(OllamaReportsTest, VersionIsRead) {
  EXPECT_EQ(ReadVersion(R"({"version":"0.24.0"})"), "0.24.0");
  EXPECT_EQ(ReadVersion("<html>"), "");
  EXPECT_EQ(ReadVersion("{}"), "");
  EXPECT_TRUE(IsSimulatorVersion("0.24.0-sim"));
  EXPECT_FALSE(IsSimulatorVersion("0.24.0"));
}

TEST(OllamaReportsTest, TagsAreRead) {
  const auto models = ReadTags(
      R"({"models":[{"name":"llama3.2:3b","model":"llama3.2:3b","modified_at":"2026-01-01T00:00:00Z",)"
      R"("size":2019393189,"digest":"abc","details":{"parent_model":"","format":"gguf",)"
      R"("family":"llama","families":["llama"],"parameter_size":"3.2B","quantization_level":"Q4_K_M"},)"
      R"("extra":null},{"model":"b"},{}]})");
  ASSERT_TRUE(models.has_value());
  ASSERT_EQ(models->size(), 2u);
  const v1::Model& model = models->at(0);
  EXPECT_EQ(model.name(), "llama3.2:3b");
  EXPECT_EQ(model.family(), "llama");
  EXPECT_EQ(model.parameter_size(), "3.2B");
  EXPECT_EQ(model.quantization(), "Q4_K_M");
  EXPECT_EQ(model.size_bytes(), 2019393189);
  EXPECT_EQ(model.digest(), "abc");
  EXPECT_EQ(model.context_length(), 0u);
  EXPECT_EQ(models->at(1).name(), "b");
}

TEST(OllamaReportsTest, NewerTagsTellMore) {
  const auto models = ReadTags(
      R"({"models":[{"name":"q","details":{"context_length":40960},"capabilities":["completion","thinking"]}]})");
  ASSERT_TRUE(models.has_value());
  EXPECT_EQ(models->at(0).context_length(), 40960u);
  EXPECT_THAT(models->at(0).capabilities(), ElementsAre("completion", "thinking"));
}

TEST(OllamaReportsTest, EmptyListsAreNoFault) {
  EXPECT_TRUE(ReadTags(R"({"models":[]})")->empty());
  EXPECT_TRUE(ReadTags(R"({"models":null})")->empty());
  EXPECT_FALSE(ReadTags(R"({"error":"x"})").has_value());
  EXPECT_FALSE(ReadTags("no json").has_value());
}

TEST(OllamaReportsTest, ShowTellsCapabilitiesAndContext) {
  v1::Model model;
  EXPECT_TRUE(ReadShow(
      R"({"capabilities":["completion","tools"],"model_info":{"general.architecture":"llama",)"
      R"("llama.context_length":131072,"llama.embedding_length":3072}})",
      model));
  EXPECT_THAT(model.capabilities(), ElementsAre("completion", "tools"));
  EXPECT_EQ(model.context_length(), 131072u);
  EXPECT_FALSE(ReadShow("[]", model));
}

TEST(OllamaReportsTest, LoadedModelsAreRead) {
  EXPECT_THAT(*ReadLoaded(R"({"models":[{"name":"a:1b","context_length":4096,"size_vram":1},)"
                          R"({"name":"b:1b"}]})"),
              ElementsAre(Pair("a:1b", 4096), Pair("b:1b", 0)));
  EXPECT_FALSE(ReadLoaded("").has_value());
}

TEST(OllamaReportsTest, ErrorIsRead) {
  EXPECT_EQ(ReadError(R"({"error":"model 'x' not found"})"), "model 'x' not found");
  EXPECT_EQ(ReadError("<html>502</html>"), "");
  EXPECT_EQ(ReadError(""), "");
}

}  // namespace
}  // namespace genwatch
