package dev.visionllm.cli;

import dev.visionllm.data.NanoSources;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm data fetch}: brings what the nano model is trained from, through npm. */
@Command(
    name = "fetch",
    description =
        "Fetch the picture sets and the vocabulary that a model is trained from (needs npm).",
    footer = {
      "",
      "Examples:",
      "  visionllm data fetch nano --out nano-data",
      "",
      "DIR/sources/{google,twemoji,fluent,fluent_flat} get one file per class, for 'data scenes';",
      "DIR/llama-tokenizer-js gets the vocabulary. Licences: Apache-2.0, CC-BY 4.0, MIT, MIT."
    })
final class DataFetchCommand extends CliCommand {
  /** Collections that can be fetched. */
  enum Collection {
    nano
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

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Path> sources =
        switch (collection) {
          case nano -> NanoSources.fetch(out, npm);
        };
    if (json()) {
      printJson(
          new Fetched(
              out.toString(), NanoSources.PACKAGES, sources.stream().map(Path::toString).toList()));
      return Main.OK;
    }
    print("fetched %s", String.join(", ", NanoSources.PACKAGES));
    print(
        "next: visionllm data scenes --count 1000 --seed 1 --out scenes --sources %s",
        joined(sources));
    return Main.OK;
  }

  private static String joined(List<Path> sources) {
    return String.join(",", sources.stream().map(Path::toString).toList());
  }
}
