package dev.visionllm.eval;

import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.KeypointSet;
import dev.visionllm.geometry.KeypointSets;
import dev.visionllm.geometry.Keypoints.Point;
import dev.visionllm.result.Pose;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Poses as files that other tools read: COCO's keypoints, as results to be evaluated or as a data
 * set that says what its points are, and OpenPose's people. Numbers are pixels with three decimals.
 */
public final class PoseJson {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  /**
   * OpenPose's BODY_25 in our words; a part that no set has is found between two others or is not
   * detected.
   */
  private static final List<String> BODY_25 =
      List.of(
          "nose",
          "neck",
          "right shoulder",
          "right elbow",
          "right wrist",
          "left shoulder",
          "left elbow",
          "left wrist",
          "mid hip",
          "right hip",
          "right knee",
          "right ankle",
          "left hip",
          "left knee",
          "left ankle",
          "right eye",
          "left eye",
          "right ear",
          "left ear",
          "left big toe",
          "left small toe",
          "left heel",
          "right big toe",
          "right small toe",
          "right heel");

  private static final Map<String, String> BETWEEN = Map.of("neck", "shoulder", "mid hip", "hip");

  private static final int PUPILS = 2;

  private PoseJson() {}

  /**
   * COCO's results of one picture: image_id, category_id, keypoints, score and bbox of each pose.
   *
   * @param categories ids by label
   * @throws IllegalArgumentException if a pose's label has no id
   */
  public static ArrayNode cocoResults(long image, Map<String, Long> categories, List<Pose> poses) {
    ArrayNode out = MAPPER.createArrayNode();
    for (Pose pose : poses) {
      Long category = categories.get(pose.label());
      if (category == null) {
        throw new IllegalArgumentException(
            "pose of '" + pose.label() + "' has no category id: ids are given for " + categories);
      }
      ObjectNode o = out.addObject();
      o.put("image_id", image);
      o.put("category_id", category);
      keypoints(o.putArray("keypoints"), pose);
      o.put("score", pose.score());
      bbox(o.putArray("bbox"), pose.box());
    }
    return out;
  }

  /**
   * A COCO data set of one picture: images, annotations, and categories with names of points and
   * skeletons, counted from 1 as COCO does. Labels with different keypoint sets are categories of
   * their own.
   *
   * @param file name of the picture
   */
  public static ObjectNode cocoDataset(String file, int width, int height, List<Pose> poses) {
    ObjectNode root = MAPPER.createObjectNode();
    ObjectNode image = root.putArray("images").addObject();
    image.put("id", 1).put("file_name", file).put("width", width).put("height", height);
    record Category(String label, KeypointSet set) {}
    Map<Category, Integer> ids = new LinkedHashMap<>();
    ArrayNode annotations = root.putArray("annotations");
    for (Pose pose : poses) {
      int id = ids.computeIfAbsent(new Category(pose.label(), pose.set()), c -> ids.size() + 1);
      ObjectNode o = annotations.addObject();
      o.put("id", annotations.size());
      o.put("image_id", 1);
      o.put("category_id", id);
      o.put("iscrowd", 0);
      o.put("area", round(pose.box().area()));
      bbox(o.putArray("bbox"), pose.box());
      keypoints(o.putArray("keypoints"), pose);
      o.put("num_keypoints", pose.keypoints().labelled());
      o.put("score", pose.score());
    }
    ArrayNode categories = root.putArray("categories");
    ids.forEach(
        (category, id) -> {
          ObjectNode o = categories.addObject();
          o.put("id", id).put("name", category.label());
          ArrayNode names = o.putArray("keypoints");
          category.set().points().forEach(names::add);
          ArrayNode skeleton = o.putArray("skeleton");
          for (KeypointSet.Limb limb : category.set().limbs()) {
            skeleton.addArray().add(limb.from() + 1).add(limb.to() + 1);
          }
        });
    return root;
  }

  /**
   * OpenPose's file of one picture: bodies as BODY_25 (neck and mid hip between shoulders and hips,
   * no feet), faces without pupils, hands to the side that their label names, else to the right. A
   * point's confidence is its pose's score, 0 where there is none.
   *
   * @throws IllegalArgumentException if OpenPose knows fewer than half of a pose's points
   */
  public static ObjectNode openPose(List<Pose> poses) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("version", 1.3);
    ArrayNode people = root.putArray("people");
    for (Pose pose : poses) {
      ObjectNode o = people.addObject();
      o.putArray("person_id").add(-1);
      ArrayNode body = o.putArray("pose_keypoints_2d");
      ArrayNode face = o.putArray("face_keypoints_2d");
      ArrayNode left = o.putArray("hand_left_keypoints_2d");
      ArrayNode right = o.putArray("hand_right_keypoints_2d");
      for (String part : List.of("pose", "face", "hand_left", "hand_right")) {
        o.putArray(part + "_keypoints_3d");
      }
      if (pose.set().equals(KeypointSets.FACE_300W)) {
        all(face, pose);
        for (int i = 0; i < PUPILS; i++) {
          none(face);
        }
      } else if (pose.set().equals(KeypointSets.HAND)) {
        all(pose.label().contains("left") ? left : right, pose);
      } else {
        body(body, pose);
      }
    }
    return root;
  }

  private static void body(ArrayNode out, Pose pose) {
    KeypointSet set = pose.set();
    long known = set.points().stream().filter(BODY_25::contains).count();
    if (2 * known < set.size()) {
      throw new IllegalArgumentException(
          "OpenPose's file has no place for keypoints of the set "
              + set.name()
              + " ("
              + pose.label()
              + "): write COCO's instead");
    }
    for (String part : BODY_25) {
      String pair = BETWEEN.get(part);
      int at = set.indexOf(part);
      int left = pair == null ? -1 : set.indexOf("left " + pair);
      int right = pair == null ? -1 : set.indexOf("right " + pair);
      if (at >= 0) {
        point(out, pose.keypoints().points().get(at), pose.score());
      } else if (left >= 0 && right >= 0) {
        Point a = pose.keypoints().points().get(left);
        Point b = pose.keypoints().points().get(right);
        int visibility = Math.min(a.visibility(), b.visibility());
        point(out, new Point((a.x() + b.x()) / 2, (a.y() + b.y()) / 2, visibility), pose.score());
      } else {
        none(out);
      }
    }
  }

  private static void all(ArrayNode out, Pose pose) {
    for (Point p : pose.keypoints().points()) {
      point(out, p, pose.score());
    }
  }

  private static void point(ArrayNode out, Point p, double score) {
    if (p.visibility() == 0) {
      none(out);
    } else {
      out.add(round(p.x())).add(round(p.y())).add(score);
    }
  }

  private static void none(ArrayNode out) {
    out.add(0).add(0).add(0);
  }

  private static void keypoints(ArrayNode out, Pose pose) {
    for (Point p : pose.keypoints().points()) {
      out.add(round(p.x())).add(round(p.y())).add(p.visibility());
    }
  }

  private static void bbox(ArrayNode out, Box box) {
    out.add(round(box.x0())).add(round(box.y0())).add(round(box.width())).add(round(box.height()));
  }

  private static double round(double pixels) {
    return Math.round(pixels * 1000) / 1000.0;
  }
}
