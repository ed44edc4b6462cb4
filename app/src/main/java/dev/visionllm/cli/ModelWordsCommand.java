package dev.visionllm.cli;

import dev.visionllm.data.CaptionDataset;
import dev.visionllm.data.EditDataset;
import dev.visionllm.data.Problems;
import dev.visionllm.text.ClipVocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code visionllm model words}: the tokenizer of a small picture decoder. */
@Command(
    name = "words",
    description = "Make a small tokenizer of CLIP's kind for a picture decoder's text encoder.",
    footer = {
      "",
      "Each word of the texts becomes one token: those of a folder's captions.json",
      "and of the instructions of edits/. Set vocab_size in text_encoder/config.json",
      "to the printed number of tokens.",
      "",
      "Examples:",
      "  visionllm model words --data scenes,pairs --out my-model/sd/tokenizer"
    })
final class ModelWordsCommand extends CliCommand {
  /** What was written. @param longest tokens of a text, with its start and end */
  record Written(String out, int tokens, int longest) {}

  @Option(
      names = "--data",
      required = true,
      split = ",",
      paramLabel = "DIR",
      description = "Folders of 'data scenes' and 'data edits', separated by commas.")
  private List<Path> data;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write to.")
  private Path out;

  @Override
  public Integer call() throws IOException {
    List<String> texts = new ArrayList<>();
    for (Path folder : data) {
      List<String> own = texts(folder);
      if (own.isEmpty()) {
        throw new IllegalArgumentException(
            folder + " has neither captions in captions.json nor instructions in edits/seeds.json");
      }
      texts.addAll(own);
    }
    ClipVocabulary vocabulary = ClipVocabulary.of(texts);
    vocabulary.write(out);
    int longest = texts.stream().mapToInt(vocabulary::length).max().orElseThrow();
    if (json()) {
      printJson(new Written(out.toString(), vocabulary.tokens().size(), longest));
    } else {
      print("%s: %,d tokens, at most %d in a text", out, vocabulary.tokens().size(), longest);
    }
    return Main.OK;
  }

  private static List<String> texts(Path folder) throws IOException {
    List<String> texts = new ArrayList<>();
    Path captions = folder.resolve("captions.json");
    if (Files.exists(captions)) {
      CaptionDataset.read(captions, Problems.refuse()).captions().forEach(c -> texts.add(c.text()));
    }
    Path edits = folder.resolve("edits");
    if (Files.exists(edits.resolve("seeds.json"))) {
      EditDataset pairs = EditDataset.open(edits, Problems.refuse());
      pairs.samples().forEach(s -> texts.add(pairs.read(s).instruction()));
    }
    return texts;
  }
}
