package dev.visionllm.cli;

import dev.visionllm.vlm.Skeleton;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code visionllm model skeleton}: a released model's size without its weights. */
@Command(
    name = "skeleton",
    description = "Write a model of a released one's names, shapes and configuration, all random.",
    footer = {
      "",
      "For measuring a large model on a machine that does not have its weights; its answers mean",
      "nothing. The numbers are bf16. v2-7b needs about 19 GB of disk with all of its parts; to"
          + " load,",
      "a model needs vis_encoder, vl_bridge, llm and emb_embeddings_det, _pose, _gen, _edit.",
      "",
      "Examples:",
      "  visionllm model skeleton --preset v2-7b --out big",
      "  visionllm model skeleton --preset v2-7b --out big \\\\",
      "      --parts vis_encoder,vl_bridge,llm,emb_embeddings,region_encoder,gdino"
    })
final class ModelSkeletonCommand extends CliCommand {
  private static final String QUERIES = "emb_embeddings";

  @Option(
      names = "--preset",
      required = true,
      paramLabel = "NAME",
      description = "Released model: v2-7b.")
  private String preset;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write.")
  private Path out;

  @Option(
      names = "--parts",
      split = ",",
      paramLabel = "PART",
      description = "Parts to write, emb_embeddings for all of those (default: all).")
  private List<String> parts = List.of();

  @Option(
      names = "--seed",
      defaultValue = "0",
      description = "Of the weights (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--tokenizer",
      paramLabel = "DIR",
      description = "Folder with tokenizer.json, padded to the size (default: the shipped model).")
  private Path tokenizer;

  @Override
  public Integer call() throws IOException {
    Skeleton.Preset p = preset();
    Set<String> wanted = new TreeSet<>(parts);
    if (wanted.remove(QUERIES)) {
      Skeleton.parts(p).stream().filter(s -> s.startsWith(QUERIES)).forEach(wanted::add);
    }
    Path words = tokenizer == null ? ModelOption.shipped() : tokenizer;
    WriteWeights.Written written =
        WriteWeights.run(
            this, out, Skeleton.start(p, wanted, seed, words, out, WriteWeights.LARGEST));
    if (json()) {
      printJson(written);
    } else {
      print("%s", written.line());
    }
    return Main.OK;
  }

  private Skeleton.Preset preset() {
    for (Skeleton.Preset p : Skeleton.Preset.values()) {
      if (p.word().equals(preset)) {
        return p;
      }
    }
    throw new IllegalArgumentException("preset is \"" + preset + "\", should be v2-7b");
  }
}
