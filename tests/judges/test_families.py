"""Which models are kin."""

import pytest

from judgeaudit.judges.families import family_of


@pytest.mark.parametrize(
    "kin",
    [
        ("openai/gpt-4.1-mini", "azure/my-gpt-4o", "openrouter/openai/o3-mini", "chatgpt-4o-latest"),
        ("anthropic/claude-sonnet-4", "bedrock/anthropic.claude-3-haiku-20240307-v1:0", "vertex_ai/claude-opus-4"),
        ("gemini/gemini-2.5-pro", "ollama/gemma3:12b"),
        ("together_ai/meta-llama/Llama-3.3-70B-Instruct", "ollama/llama3", "bedrock/meta.llama3-1-8b-instruct-v1:0"),
        ("mistral/mistral-large-latest", "codestral/codestral-latest", "groq/mixtral-8x7b"),
        ("openai/house-model-1", "hosted_vllm/house-model-2"),
    ],
)
def test_one_maker_is_one_family(kin):
    """Whatever the host, the version or the size."""
    assert len({family_of(model) for model in kin}) == 1


def test_different_makers_are_different_families():
    """And an unknown name is its own."""
    models = [
        "openai/gpt-4.1", "anthropic/claude-3", "gemini/gemini-2", "ollama/llama3", "deepseek/deepseek-chat",
        "mistral/mistral-small", "openai/house-model", "ollama/qwen3", "cohere/command-r", "ollama/phi4",
    ]  # fmt: skip
    assert len({family_of(model) for model in models}) == len(models)
