package dev.visionllm.cli;

import dev.visionllm.data.ClassList;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import dev.visionllm.text.Conversation;
import dev.visionllm.text.ReducedVocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code visionllm model vocabulary}: the tokenizer of a small model. */
@Command(
    name = "vocabulary",
    description = "Make a small tokenizer of the pieces of LLaMA's that a corpus uses.",
    footer = {
      "",
      "Bytes, ASCII, special tokens and the names of the shipped class list are always in it.",
      "Set vocab_size in config.json to the printed number of tokens.",
      "",
      "Examples:",
      "  visionllm model vocabulary --npm nano-data/llama-tokenizer-js \\",
      "      --corpus train/conversations.jsonl --out my-model"
    })
final class ModelVocabularyCommand extends CliCommand {
  /** What was written. */
  record Written(String out, int tokens) {}

  @Option(
      names = "--npm",
      required = true,
      paramLabel = "DIR",
      description = "The npm package llama-tokenizer-js, see 'data fetch'.")
  private Path npm;

  @Option(
      names = "--corpus",
      required = true,
      paramLabel = "FILE",
      description = "Conversations that the model will learn from (JSON lines).")
  private Path corpus;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "6000",
      description = "Most tokens (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write to.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    List<String> texts = new ArrayList<>();
    for (Dialogue d : LlavaDataset.read(corpus)) {
      d.turns().forEach(t -> texts.add(t.text()));
    }
    texts.add(Conversation.named("vicuna_v1").system());
    for (ClassList.Noun n : ClassList.nano().nouns()) {
      texts.add(n.name());
      texts.add(n.plural());
    }
    ReducedVocabulary vocabulary = ReducedVocabulary.build(npm, texts, limit);
    vocabulary.write(out);
    if (json()) {
      printJson(new Written(out.toString(), vocabulary.size()));
    } else {
      print("%s: %,d tokens", out, vocabulary.size());
    }
    return Main.OK;
  }
}
