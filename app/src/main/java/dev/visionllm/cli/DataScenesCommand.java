package dev.visionllm.cli;

import dev.visionllm.data.Backgrounds;
import dev.visionllm.data.ClassList;
import dev.visionllm.data.Cutouts;
import dev.visionllm.data.SceneWriter;
import dev.visionllm.data.Scenes;
import dev.visionllm.data.Task;
import dev.visionllm.data.Templates;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm data scenes}: composes pictures with annotations and conversations. */
@Command(
    name = "scenes",
    description =
        "Compose pictures of named cut-outs, with annotations and conversations about them.",
    footer = {
      "",
      "A source folder holds NAME.png, NAME.svg or NAME/anything.png; underscores in NAME are"
          + " spaces.",
      "OUT gets, the same for the same seed:",
      "  images/*.png, instances.json (COCO), conversations.jsonl (LLaVA);",
      "  captions.json (COCO captions), refs.json (RefCOCO: expressions of single objects);",
      "  with --maps semantic/*.png (ADE20K: gray k is the k-th category, 0 is none) and"
          + " saliency/*.png (0 or 255, where one object clearly stands out).",
      "",
      "Examples:",
      "  visionllm data scenes --sources my/cutouts --count 100 --seed 1 --out scenes",
      "  visionllm data scenes --sources a,b --backgrounds photos --count 20000 --seed 1 --out"
          + " train",
      "  visionllm data scenes --sources a,b --crowd 10-16 --count 8000 --seed 2 --out crowds",
      "  visionllm data scenes --sources a --size 320x240 --count 10 --seed 7 --out wide --json"
    })
final class DataScenesCommand extends CliCommand {
  /** What was written. */
  record Written(
      String out,
      int pictures,
      int emptyPictures,
      int objects,
      int classes,
      Map<String, Integer> dialogues,
      double seconds) {}

  @Option(
      names = "--sources",
      required = true,
      split = ",",
      paramLabel = "DIR",
      description = "Folders of cut-outs, separated by commas.")
  private List<Path> sources;

  @Mixin private MakeOptions make;

  @Option(
      names = "--size",
      paramLabel = "W[xH]",
      defaultValue = "256",
      description = "Size of the pictures in pixels (default: ${DEFAULT-VALUE}).")
  private String size;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "How often about twenty conversations are drawn for a picture (default:"
              + " ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--crowd",
      paramLabel = "MIN-MAX",
      description =
          "Crowds: that many objects of any classes in every picture, and no empty pictures"
              + " (default: few objects of few classes, some pictures empty).")
  private String crowd;

  @Option(
      names = "--large",
      description =
          "One or two objects of half the picture before one colour, from which it is easiest to"
              + " learn to draw.")
  private boolean large;

  @Option(
      names = "--backgrounds",
      paramLabel = "DIR",
      description = "Photographs to use as backgrounds, beside drawn ones.")
  private Path backgrounds;

  @Option(
      names = "--templates",
      paramLabel = "DIR",
      description = "Wordings that replace the built-in ones: caption.txt, counting.txt, ...")
  private Path templates;

  @Option(
      names = "--refs",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Write captions.json and refs.json (default: ${DEFAULT-VALUE}).")
  private boolean refs;

  @Option(
      names = "--maps",
      description = "Write semantic/ and saliency/, which costs a sixth more time.")
  private boolean maps;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (large && (crowd != null || backgrounds != null)) {
      throw new IllegalArgumentException("--large goes with neither --crowd nor --backgrounds");
    }
    Scenes.Settings settings = sized(size, large ? Scenes.Settings.LARGE : Scenes.Settings.DEFAULT);
    settings = crowded(settings, crowd);
    Templates wordings = templates == null ? Templates.builtIn() : Templates.load(templates);
    Backgrounds behind =
        backgrounds != null
            ? Backgrounds.withPhotographs(backgrounds)
            : large ? Backgrounds.PLAIN : Backgrounds.DRAWN;
    long start = System.nanoTime();
    Cutouts cutouts = Cutouts.load(sources, settings.cutoutSide());
    SceneWriter writer =
        new SceneWriter(
            new Scenes(cutouts, behind, settings, make.seed()),
            ClassList.nano(),
            wordings,
            new SceneWriter.Options(rounds, refs, maps));
    SceneWriter.Summary summary = make.run(json(), writer::write);
    double seconds = (System.nanoTime() - start) / 1e9;
    Map<String, Integer> dialogues = new TreeMap<>();
    for (Map.Entry<Task, Integer> e : summary.dialogues().entrySet())
      dialogues.put(e.getKey().word(), e.getValue());
    int classes = cutouts.names().size();
    if (json()) {
      printJson(
          new Written(
              make.out().toString(),
              summary.pictures(),
              summary.emptyPictures(),
              summary.objects(),
              classes,
              dialogues,
              seconds));
      return Main.OK;
    }
    print(
        "%,d pictures (%,d of them empty) with %,d objects of %,d classes in %.1f s: %s",
        summary.pictures(),
        summary.emptyPictures(),
        summary.objects(),
        classes,
        seconds,
        make.out());
    print("%,d conversations:", dialogues.values().stream().mapToInt(Integer::intValue).sum());
    dialogues.forEach((task, n) -> print("  %-16s %,9d", task, n));
    return Main.OK;
  }

  /** Null or "10-16". */
  static Scenes.Settings crowded(Scenes.Settings settings, String crowd) {
    if (crowd == null) {
      return settings;
    }
    if (!crowd.matches("[0-9]{1,3}-[0-9]{1,3}")) {
      throw new IllegalArgumentException("crowd '" + crowd + "' is not of the form 10-16");
    }
    String[] ends = crowd.split("-");
    int least = Integer.parseInt(ends[0]);
    if (least < 2) {
      throw new IllegalArgumentException("a crowd has at least 2 objects, not " + least);
    }
    return settings.crowded(least, Integer.parseInt(ends[1]));
  }

  /** "256" or "320x240". */
  static Scenes.Settings sized(String size, Scenes.Settings of) {
    if (!size.matches("[0-9]{1,5}(x[0-9]{1,5})?")) {
      throw new IllegalArgumentException(
          "picture size '" + size + "' is not of the form 256 or 320x240");
    }
    String[] sides = size.split("x");
    int width = Integer.parseInt(sides[0]);
    return of.sized(width, sides.length == 1 ? width : Integer.parseInt(sides[1]));
  }
}
