package dev.visionllm.cli;

import dev.visionllm.data.Backgrounds;
import dev.visionllm.data.FigureScenes;
import dev.visionllm.data.FigureWriter;
import dev.visionllm.data.Scenes;
import dev.visionllm.data.Templates;
import dev.visionllm.data.figures.Figures;
import dev.visionllm.data.figures.Motion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm data figures}: draws people, animals and faces with keypoints. */
@Command(
    name = "figures",
    description =
        "Draw people, animals and faces, with COCO keypoints and LLaVA conversations about poses.",
    footer = {
      "",
      "People have COCO's 17 keypoints, animals AP-10K's 17, faces 300W's 68.",
      "OUT gets images/*.png, keypoints.json and conversations.jsonl, the same for the same seed.",
      "",
      "Examples:",
      "  visionllm data figures --count 100 --seed 1 --out figures",
      "  visionllm data figures --motion nano-data/motion --count 20000 --seed 1 --out train",
      "  visionllm data figures --kinds face --size 320x240 --count 10 --seed 7 --out faces --json"
    })
final class DataFiguresCommand extends CliCommand {
  /** Kinds of figures, as they are typed. */
  enum Kind {
    person,
    animal,
    face
  }

  /** What was written. */
  record Written(
      String out,
      int pictures,
      Map<String, Integer> figures,
      long visible,
      long hidden,
      long outside,
      int dialogues,
      double seconds) {}

  @Mixin private MakeOptions make;

  @Option(
      names = "--motion",
      paramLabel = "DIR",
      description =
          "BVH files that most people are posed by, as 'data fetch motion' brings them (default:"
              + " made up walks and gestures).")
  private Path motion;

  @Option(
      names = "--kinds",
      split = ",",
      paramLabel = "KIND",
      description = "Kinds of figures: ${COMPLETION-CANDIDATES} (default: all).")
  private List<Kind> kinds = List.of(Kind.values());

  @Option(
      names = "--size",
      paramLabel = "W[xH]",
      defaultValue = "256",
      description = "Size of the pictures in pixels (default: ${DEFAULT-VALUE}).")
  private String size;

  @Option(
      names = "--backgrounds",
      paramLabel = "DIR",
      description = "Photographs to use as backgrounds, beside drawn ones.")
  private Path backgrounds;

  @Option(
      names = "--templates",
      paramLabel = "DIR",
      description = "Wordings that replace the built-in ones: pose.txt.")
  private Path templates;

  @Override
  public Integer call() throws IOException, InterruptedException {
    long start = System.nanoTime();
    Scenes.Settings sized = DataScenesCommand.sized(size, Scenes.Settings.DEFAULT);
    Set<Figures.Kind> wanted = EnumSet.noneOf(Figures.Kind.class);
    for (Kind kind : kinds) {
      wanted.add(
          switch (kind) {
            case person -> Figures.Kind.PERSON;
            case animal -> Figures.Kind.ANIMAL;
            case face -> Figures.Kind.FACE;
          });
    }
    FigureScenes scenes =
        new FigureScenes(
            new Figures(motion == null ? Motion.procedural() : Motion.captured(motion)),
            backgrounds == null ? Backgrounds.DRAWN : Backgrounds.withPhotographs(backgrounds),
            new FigureScenes.Settings(sized.width(), sized.height(), wanted),
            make.seed());
    Templates wordings = templates == null ? Templates.builtIn() : Templates.load(templates);
    FigureWriter.Summary summary = make.run(json(), new FigureWriter(scenes, wordings)::write);
    double seconds = (System.nanoTime() - start) / 1e9;
    if (json()) {
      printJson(
          new Written(
              make.out().toString(),
              summary.pictures(),
              summary.figures(),
              summary.points().get(2),
              summary.points().get(1),
              summary.points().get(0),
              summary.dialogues(),
              seconds));
      return Main.OK;
    }
    print(
        "%,d pictures with %,d figures and %,d conversations in %.1f s: %s",
        summary.pictures(),
        summary.figures().values().stream().mapToInt(Integer::intValue).sum(),
        summary.dialogues(),
        seconds,
        make.out());
    print(
        "keypoints: %,d visible, %,d hidden, %,d outside of their pictures",
        summary.points().get(2), summary.points().get(1), summary.points().get(0));
    summary.figures().forEach((name, n) -> print("  %-16s %,9d", name, n));
    return Main.OK;
  }
}
