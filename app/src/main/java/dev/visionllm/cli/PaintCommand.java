package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.model.diffusion.Schedule;
import dev.visionllm.model.diffusion.Settings;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that makes pictures. */
abstract class PaintCommand extends CliCommand {
  /** A picture that was made, for machines. */
  record Made(String out, Map<String, String> settings) {}

  @Option(
      names = "--out",
      paramLabel = "FILE.png",
      required = true,
      description = "The picture; several are numbered.")
  private Path out;

  @Option(names = "--seed", paramLabel = "N", description = "Seed of the noise (default: 0).")
  private long seed;

  @Option(names = "--steps", paramLabel = "N", description = "Steps (default: the model's own).")
  private Integer steps;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      description = "${COMPLETION-CANDIDATES} (default: the model's own).")
  private Schedule schedule;

  @Option(
      names = "--guidance",
      paramLabel = "G",
      description = "How strongly the words are followed; at most 1 turns guidance off.")
  private Double guidance;

  @Option(
      names = "--negative",
      paramLabel = "WORDS",
      defaultValue = "",
      description = "What is to be avoided.")
  private String negative;

  @Option(
      names = "--size",
      paramLabel = "WxH",
      description = "Width and height in pixels (default: the model's own).")
  private String size;

  @Option(names = "--images", paramLabel = "N", description = "Pictures to make (default: 1).")
  private Integer images;

  @Option(names = "--tiled", description = "Decode in tiles, which needs less memory.")
  private boolean tiled;

  @Option(
      names = "--preview",
      paramLabel = "FILE.png",
      description = "After each step write what the first picture would become, small.")
  private Path preview;

  @Mixin private ModelOption model;

  /** What is asked of the model. */
  abstract String request();

  /** The picture to change, or null. */
  abstract Path source();

  /** How strongly the picture is kept, or null for the model's own. */
  Double imageGuidance() {
    return null;
  }

  @Override
  public final Integer call() throws IOException {
    if (request().isBlank()) {
      throw new IllegalArgumentException("the words are empty: say what to make");
    }
    List<Path> sources = source() == null ? List.of() : List.of(source());
    Findings.check(out, sources);
    Findings.check(preview, sources);
    Path folder = model.folder();
    Raster picture = source() == null ? null : ImageFiles.read(source());
    try (VisionLlm llm = model.load(folder)) {
      Settings s = settings(picture == null ? llm.generation() : llm.editing(picture));
      String name = folder.toAbsolutePath().normalize().getFileName().toString();
      List<Made> made = new ArrayList<>();
      try (Denoising run =
          picture == null
              ? llm.generate(request(), negative, s)
              : llm.edit(picture, request(), negative, s)) {
        steps(run);
        List<Raster> pictures = run.pictures();
        for (int i = 0; i < pictures.size(); i++) {
          Path to = Findings.numbered(out, i, pictures.size());
          Map<String, String> text = s.provenance(request(), negative, name, i);
          ImageFiles.writePng(pictures.get(i), text, to);
          made.add(new Made(to.toString(), text));
        }
      }
      if (json()) {
        printJson(made);
      } else {
        made.forEach(m -> print("wrote %s", m.out));
      }
    }
    return Main.OK;
  }

  private void steps(Denoising run) throws IOException {
    Denoising.Step step = run.next();
    try (Meter meter = new Meter("drawing", step.of(), err())) {
      while (true) {
        meter.at(step.number());
        if (preview != null) {
          ImageFiles.writePng(step.previews().get(0), preview);
        }
        if (!run.hasNext()) {
          return;
        }
        step = run.next();
      }
    }
  }

  private Settings settings(Settings own) {
    int w = own.width();
    int h = own.height();
    if (size != null) {
      if (!size.matches("\\d{1,5}[xX]\\d{1,5}")) {
        throw new IllegalArgumentException("--size is " + size + ", should be like 512x512");
      }
      String[] sides = size.split("[xX]");
      w = Integer.parseInt(sides[0]);
      h = Integer.parseInt(sides[1]);
    }
    return new Settings(
        schedule == null ? own.schedule() : schedule,
        steps == null ? own.steps() : steps,
        guidance == null ? own.guidance() : guidance,
        imageGuidance() == null ? own.imageGuidance() : imageGuidance(),
        w,
        h,
        images == null ? own.images() : images,
        seed,
        preview != null,
        tiled);
  }
}
