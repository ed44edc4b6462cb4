package dev.visionllm.cli;

import dev.visionllm.data.ClassList;
import dev.visionllm.data.MmicWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm data mmic}: multimodal in-context samples of annotated pictures. */
@Command(
    name = "mmic",
    description = "Make multimodal in-context samples of any pictures with COCO instances.",
    footer = {
      "",
      "A sample has two to six pictures, examples and a last one to be solved, or one",
      "picture. Circles, hand-drawn circles, arrows, boxes and masks mark one to five",
      "objects. OUT gets images/*.png, mmic.jsonl (LLaVA) and instances.json (COCO) of",
      "what is to be found.",
      "",
      "Examples:",
      "  visionllm data mmic --coco scenes/instances.json --images scenes --count 1000 --seed 1"
          + " --out mmic",
      "  visionllm data mmic --coco instances_train2017.json --images train2017 --count 10000"
          + " --seed 1 --out mmic"
    })
final class DataMmicCommand extends CliCommand {
  /** What was written. */
  record Written(String out, int samples, Map<String, Integer> patterns, int wanted) {}

  @Option(
      names = "--coco",
      required = true,
      paramLabel = "FILE",
      description = "Instances file in COCO's format.")
  private Path coco;

  @Option(
      names = "--images",
      required = true,
      paramLabel = "DIR",
      description = "Folder that the file names in it are relative to.")
  private Path images;

  @Mixin private MakeOptions make;

  @Override
  public Integer call() throws IOException, InterruptedException {
    MmicWriter writer = new MmicWriter(coco, images, ClassList.nano(), make.seed());
    MmicWriter.Summary summary = make.run(json(), writer::write);
    Map<String, Integer> patterns = new TreeMap<>();
    summary.samples().forEach((pattern, n) -> patterns.put(pattern.word(), n));
    int samples = patterns.values().stream().mapToInt(Integer::intValue).sum();
    if (json()) {
      printJson(new Written(make.out().toString(), samples, patterns, summary.wanted()));
      return Main.OK;
    }
    print("%,d samples with %,d objects to be found: %s", samples, summary.wanted(), make.out());
    patterns.forEach((pattern, n) -> print("  %-22s %,9d", pattern, n));
    return Main.OK;
  }
}
