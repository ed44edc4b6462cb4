package dev.visionllm.cli;

import dev.visionllm.eval.PoseJson;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.image.Raster;
import dev.visionllm.io.AtomicFile;
import dev.visionllm.result.Finding;
import dev.visionllm.result.Pose;
import dev.visionllm.vlm.VisionLlm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

/** {@code visionllm pose}: objects of named classes and their keypoints. */
@Command(
    name = "pose",
    description = "Find the keypoints of the objects of named classes.",
    footer = {
      "",
      "A class has its usual keypoints, as person has COCO's, unless --keypoints names a set or",
      "lists points.",
      "",
      "Examples:",
      "  visionllm pose photo.png person --out found.png",
      "  visionllm pose photo.png person dog --json",
      "  visionllm pose photo.png heron --keypoints \"beak, left wing, right wing\"",
      "  visionllm pose photo.png person --keypoints crowdpose --openpose people"
    })
final class PoseCommand extends LookCommand {
  @Option(
      names = "--keypoints",
      paramLabel = "SET",
      description = "A set's name (coco, ap10k, ...) or points separated by commas.")
  private String keypoints;

  @Option(
      names = "--coco",
      paramLabel = "DIR",
      description = "Write COCO's keypoint JSON as DIR/PICTURE.json.")
  private Path coco;

  @Option(
      names = "--openpose",
      paramLabel = "DIR",
      description = "Write OpenPose's JSON as DIR/PICTURE_keypoints.json.")
  private Path openPose;

  private Map<String, KeypointSet> sets;

  @Override
  void check(List<String> names) {
    some(names);
    sets = new LinkedHashMap<>();
    KeypointSet given = keypoints == null ? null : KeypointSets.parse(keypoints);
    for (String name : names) {
      sets.put(name, given == null ? usual(name) : given);
    }
  }

  private static KeypointSet usual(String name) {
    return KeypointSets.ofClass(name)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no usual keypoints are known of \""
                        + name
                        + "\": say which with --keypoints"));
  }

  @Override
  List<Pose> find(VisionLlm llm, Raster picture, List<String> names, double threshold) {
    return llm.pose(picture, sets, threshold);
  }

  @Override
  void write(Raster picture, Path file, String stem, List<? extends Finding> found)
      throws IOException {
    List<Pose> poses = found.stream().map(Pose.class::cast).toList();
    String name = file.getFileName().toString();
    if (coco != null) {
      write(
          coco.resolve(stem + ".json"),
          PoseJson.cocoDataset(name, picture.width(), picture.height(), poses));
    }
    if (openPose != null) {
      write(openPose.resolve(stem + "_keypoints.json"), PoseJson.openPose(poses));
    }
  }

  private static void write(Path file, ObjectNode json) throws IOException {
    Files.createDirectories(file.getParent());
    byte[] text = (json.toString() + "\n").getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, to -> to.write(text));
  }
}
