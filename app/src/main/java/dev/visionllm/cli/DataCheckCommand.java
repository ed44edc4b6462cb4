package dev.visionllm.cli;

import dev.visionllm.data.DataCheck;
import dev.visionllm.data.DataFormat;
import dev.visionllm.data.Problem;
import dev.visionllm.data.Problems;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm data check}: what is wrong with data sets, before a training finds out. */
@Command(
    name = "check",
    description = "Check data sets: every record, and that the pictures exist and can be decoded.",
    footer = {
      "",
      "The format is found out: COCO instances, keypoints and captions; LLaVA's JSON",
      "and JSONL; RefCOCO's references as JSON; gray maps as of ADE20K and DUTS;",
      "captions beside pictures, in folders and tar shards; InstructPix2Pix' edits.",
      "Of another folder, everything in it is checked. One problem is said of a",
      "record, its first. Exit code 1 if there are problems.",
      "",
      "Examples:",
      "  visionllm data check scenes",
      "  visionllm data check instances_val2017.json --images val2017",
      "  visionllm data check 00000.tar 00001.tar --most 5 --json",
      "  visionllm data check maps --format index-maps --images photos"
    })
final class DataCheckCommand extends CliCommand {
  /** What was found. */
  record Report(List<DataCheck.Checked> checked, int problems, List<Problem> first) {}

  @Parameters(arity = "1..*", paramLabel = "PATH", description = "Files and folders.")
  private List<Path> paths;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "Their format, if it is not found out: ${COMPLETION-CANDIDATES}.")
  private DataFormat format;

  @Option(
      names = "--images",
      paramLabel = "DIR",
      description = "Folder of the pictures (default: beside the data, or images/ there).")
  private Path images;

  @Option(
      names = "--instances",
      paramLabel = "FILE",
      description =
          "COCO file with the objects or classes that references and maps mean (default:"
              + " instances.json beside them).")
  private Path instances;

  @Option(
      names = "--most",
      paramLabel = "N",
      defaultValue = "20",
      description = "How many problems to list (default: ${DEFAULT-VALUE}).")
  private int most;

  @Override
  public Integer call() throws IOException {
    if (most < 0) {
      throw new IllegalArgumentException("--most is " + most + ", at least 0 problems");
    }
    Problems problems = Problems.skip();
    List<DataCheck.Checked> checked = new ArrayList<>();
    try (Steps steps = new Steps()) {
      var check =
          new DataCheck(new DataCheck.Options(format, images, instances), problems, steps::at);
      for (Path path : paths) {
        checked.addAll(check.check(path));
      }
    }
    if (json()) {
      printJson(new Report(checked, problems.total(), problems.first(most)));
    } else {
      checked.forEach(c -> print("%s: %s, %,d entries", c.path(), c.format(), c.entries()));
      problems.first(most).forEach(p -> print("%s", p));
      print(
          "%,d problem%s%s",
          problems.total(),
          problems.total() == 1 ? "" : "s",
          problems.total() > most ? ", the first " + most + " of them above" : "");
    }
    return problems.total() == 0 ? Main.OK : Main.FAILED;
  }

  /** A meter for the file that is being checked. */
  private final class Steps implements AutoCloseable {
    private Path path;
    private Meter meter;

    void at(Path now, int done, int all) {
      if (!now.equals(path)) {
        close();
        path = now;
        meter = new Meter(now.toString(), all, err());
      }
      meter.at(done);
    }

    @Override
    public void close() {
      if (meter != null) {
        meter.close();
      }
    }
  }
}
