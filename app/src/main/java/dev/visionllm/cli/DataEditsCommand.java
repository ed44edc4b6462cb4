package dev.visionllm.cli;

import dev.visionllm.data.Backgrounds;
import dev.visionllm.data.ClassList;
import dev.visionllm.data.Cutouts;
import dev.visionllm.data.EditKind;
import dev.visionllm.data.EditWriter;
import dev.visionllm.data.Edits;
import dev.visionllm.data.Scenes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code visionllm data edits}: pairs of pictures with instructions. */
@Command(
    name = "edits",
    description = "Make pictures before and after an instruction, to learn editing from.",
    footer = {
      "",
      "Kinds: add, remove, replace, recolour, move, background, style. Source",
      "folders are as of 'data scenes'.",
      "OUT/edits has the layout of InstructPix2Pix: seeds.json, and in a folder for",
      "each pair prompt.json, SEED_0.png, SEED_1.png; besides SEED_mask.png, white",
      "where the change is.",
      "",
      "Examples:",
      "  visionllm data edits --sources my/cutouts --count 1000 --seed 1 --out pairs",
      "  visionllm data edits --sources a,b --kinds add,remove --count 50 --seed 1 --out pairs"
    })
final class DataEditsCommand extends CliCommand {
  /** What was written. */
  record Written(String out, int pairs, Map<String, Integer> kinds) {}

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
      paramLabel = "PIXELS",
      defaultValue = "128",
      description = "Sides of the pictures (default: ${DEFAULT-VALUE}).")
  private int size;

  @Option(
      names = "--kinds",
      split = ",",
      paramLabel = "KIND",
      description = "Kinds of edits, separated by commas (default: all).")
  private List<String> kinds = List.of();

  @Option(
      names = "--backgrounds",
      paramLabel = "DIR",
      description = "Photographs to use as backgrounds, beside drawn ones.")
  private Path backgrounds;

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<EditKind> chosen =
        kinds.isEmpty()
            ? List.of(EditKind.values())
            : kinds.stream().map(String::strip).map(EditKind::of).toList();
    Scenes.Settings settings = Edits.settings(size);
    Backgrounds behind =
        backgrounds == null ? Backgrounds.DRAWN : Backgrounds.withPhotographs(backgrounds);
    Scenes scenes =
        new Scenes(Cutouts.load(sources, settings.cutoutSide()), behind, settings, make.seed());
    EditWriter writer = new EditWriter(new Edits(scenes, ClassList.nano(), chosen));
    Map<String, Integer> written = new TreeMap<>();
    make.run(json(), writer::write).forEach((kind, n) -> written.put(kind.word(), n));
    int pairs = written.values().stream().mapToInt(Integer::intValue).sum();
    if (json()) {
      printJson(new Written(make.out().toString(), pairs, written));
      return Main.OK;
    }
    print("%,d pairs: %s", pairs, make.out());
    written.forEach((kind, n) -> print("  %-16s %,9d", kind, n));
    return Main.OK;
  }
}
