package dev.visionllm.vlm;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.image.DetectorResize;
import dev.visionllm.image.Raster;
import dev.visionllm.model.diffusion.Denoising;
import dev.visionllm.model.diffusion.Settings;
import dev.visionllm.model.gdino.GroundingDino;
import dev.visionllm.model.unipose.UniPose;
import dev.visionllm.result.Finding;
import dev.visionllm.tensor.Hardware;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The decoders of a model. The tokens of an answer choose which of them run, each on the words
 * before its tokens; a decoder, and what it reads of a picture, is made when it is first called.
 */
final class Tools implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Tools.class);

  private final String model;
  private final Part<Finder> gdino;
  private final Part<PoseFinder> unipose;
  private final Part<Painter> sd;
  private final Part<Painter> ip2p;

  /**
   * @param dir the model's folder
   */
  Tools(Path dir, VisionLlmConfig c, Checkpoint checkpoint, Hardware hardware) {
    model = dir.toAbsolutePath().normalize().getFileName().toString();
    DetectorResize resize = c.detector();
    gdino =
        new Part<>(
            "gdino",
            checkpoint,
            hardware,
            c.gdino() == null
                ? null
                : p -> new Finder(new GroundingDino(p, c.gdino()), resize, c.overlap()));
    unipose =
        new Part<>(
            "unipose",
            checkpoint,
            hardware,
            c.unipose() == null
                ? null
                : p -> new PoseFinder(new UniPose(p, c.unipose()), c.poseDetector(), c.overlap()));
    sd =
        new Part<>(
            "sd",
            checkpoint,
            hardware,
            c.sd() == null ? null : p -> Painter.of(p, c.sd(), c.guidance(), dir.resolve("sd")));
    ip2p =
        new Part<>(
            "ip2p",
            checkpoint,
            hardware,
            c.ip2p() == null
                ? null
                : p -> Painter.of(p, c.ip2p(), c.guidance(), dir.resolve("ip2p")));
  }

  /** The detector. */
  Finder finder() {
    return gdino.get();
  }

  /** The pose decoder. */
  PoseFinder poses() {
    return unipose.get();
  }

  /** Image generation, or editing. */
  Painter painter(boolean edits) {
    return (edits ? ip2p : sd).get();
  }

  /** Frees the decoders' memory. */
  @Override
  public void close() {
    List.of(gdino, unipose, sd, ip2p).forEach(Part::close);
  }

  /** The names of the parts in memory. */
  List<String> loaded() {
    List<String> names = new ArrayList<>();
    for (Part<?> p : List.of(gdino, unipose, sd, ip2p)) {
      if (p.loaded()) {
        names.add(p.name());
      }
    }
    return names;
  }

  /**
   * Runs the decoders that an answer calls. Calls of decoders that the model does not have, and
   * calls that look at a picture where there is none, find nothing and are logged.
   *
   * @param calls in the order of the answer
   * @param picture that the conversation is about, or null
   * @param request what the user said
   * @param seed of pictures
   */
  List<Finding> run(List<Call> calls, Raster picture, String request, double threshold, long seed) {
    List<Call> objects = new ArrayList<>();
    List<PoseFinder.Asked> poses = new ArrayList<>();
    List<Finding> found = new ArrayList<>();
    for (int i = 0; i < calls.size(); ) {
      int points = end(calls, i, false);
      int end = end(calls, points, true);
      if (points > i && end > points) { // objects, then their keypoints
        poses.add(PoseFinder.Asked.of(calls.subList(i, points), calls.subList(points, end)));
      } else {
        objects.addAll(calls.subList(i, points));
      }
      i = Math.max(end, i + 1);
    }
    boolean shown = picture != null;
    if (!objects.isEmpty() && can(gdino, objects.get(0).token(), shown)) {
      found.addAll(objects(objects, picture, threshold));
    }
    if (!poses.isEmpty() && can(unipose, "[POSE]", shown)) {
      found.addAll(poses().find(picture, poses, threshold));
    }
    for (Call c : calls) {
      if (c.token().equals("[GEN]") && can(sd, c.token(), true)) {
        found.addAll(paint(c, null, request, seed));
      } else if (c.token().equals("[EDIT]") && can(ip2p, c.token(), shown)) {
        found.addAll(paint(c, picture, request, seed));
      }
    }
    return found;
  }

  /** Whether a call can be served; says so if not. */
  private static boolean can(Part<?> part, String token, boolean shown) {
    if (!part.exists()) {
      log.warn("the answer calls {}, but this model has no part {}", token, part.name());
    } else if (!shown) {
      log.warn("the answer calls {}, but no picture was shown", token);
    }
    return part.exists() && shown;
  }

  /** Where a run of calls of one kind that starts at a place ends. */
  private static int end(List<Call> calls, int from, boolean pose) {
    int i = from;
    while (i < calls.size() && (pose ? calls.get(i).isPose() : calls.get(i).isObject())) {
      i++;
    }
    return i;
  }

  /** Of an expression only the best. */
  private List<? extends Finding> objects(List<Call> calls, Raster picture, double threshold) {
    Set<String> single = new HashSet<>();
    calls.stream().filter(Call::isExpression).map(Call::label).forEach(single::add);
    calls.stream().filter(c -> !c.isExpression()).map(Call::label).forEach(single::remove);
    Set<String> seen = new HashSet<>();
    List<? extends Finding> all =
        finder().masks()
            ? finder().segment(picture, calls, threshold)
            : finder().find(picture, calls, threshold);
    return all.stream().filter(f -> !single.contains(f.label()) || seen.add(f.label())).toList();
  }

  private List<? extends Finding> paint(Call call, Raster picture, String request, long seed) {
    Painter painter = painter(picture != null);
    Settings settings = painter.settings(picture, seed);
    try (Denoising run = painter.start(call, picture, "", settings)) {
      return Painter.finish(run, request, settings, model);
    }
  }
}
