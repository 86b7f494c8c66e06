#include "generation_service/curl/base_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genwatch {
namespace {

TEST(BaseUrlTest, SameServerHasTheSameName) {
  EXPECT_EQ(*NormalizedBaseUrl("http://127.0.0.1:11434"), "http://127.0.0.1:11434");
  EXPECT_EQ(*NormalizedBaseUrl("HTTP://Example.COM:11434/"), "http://example.com:11434");
  EXPECT_EQ(*NormalizedBaseUrl("https://example.com:443/ollama//"), "https://example.com/ollama");
  EXPECT_EQ(*NormalizedBaseUrl("localhost:11434"), "http://localhost:11434");
  EXPECT_EQ(*NormalizedBaseUrl("http://[::1]:11434"), "http://[::1]:11434");
}

TEST(BaseUrlTest, WhatIsNoBaseUrlIsRefused) {
  for (const char* url : {"", "ftp://example.com", "http://", "http://a b/", "http://h/?q=1",
                          "http://h/#f", "file:///etc/passwd"}) {
    EXPECT_FALSE(NormalizedBaseUrl(url).ok()) << url;
  }
}

TEST(BaseUrlTest, CredentialsAreRefusedAndNotRepeated) {
  const absl::Status status = NormalizedBaseUrl("http://me:hunter2@example.com").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace genwatch
