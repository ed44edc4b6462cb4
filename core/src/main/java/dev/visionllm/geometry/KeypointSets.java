package dev.visionllm.geometry;

import dev.visionllm.geometry.KeypointSet.Limb;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The published keypoint sets, in the order of their data sets and in the words that UniPose was
 * trained on (those of UniKPT, without punctuation).
 */
public final class KeypointSets {
  private static final List<Double> COCO_SIGMAS =
      List.of(
          .026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087,
          .089, .089);

  /** COCO's 17 points of a person, with COCO's sigmas. */
  public static final KeypointSet COCO =
      set(
          "coco",
          "nose, left eye, right eye, left ear, right ear, left shoulder, right shoulder, left"
              + " elbow, right elbow, left wrist, right wrist, left hip, right hip, left knee,"
              + " right knee, left ankle, right ankle",
          COCO_SIGMAS,
          "left ankle - left knee - left hip - right hip - right knee - right ankle",
          "left hip - left shoulder - right shoulder - right hip",
          "left shoulder - left elbow - left wrist",
          "right shoulder - right elbow - right wrist",
          "left eye - right eye",
          "nose - left eye - left ear - left shoulder",
          "nose - right eye - right ear - right shoulder");

  /** CrowdPose's 14 points of a person, with the sigmas of its evaluation. */
  public static final KeypointSet CROWD_POSE =
      set(
          "crowdpose",
          "left shoulder, right shoulder, left elbow, right elbow, left wrist, right wrist, left"
              + " hip, right hip, left knee, right knee, left ankle, right ankle, head, neck",
          List.of(
              .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089, .079, .079),
          "left ankle - left knee - left hip - right hip - right knee - right ankle",
          "left hip - left shoulder - right shoulder - right hip",
          "left shoulder - left elbow - left wrist",
          "right shoulder - right elbow - right wrist",
          "head - neck - left shoulder",
          "neck - right shoulder");

  /** AP-10K's 17 points of an animal; the sigmas are those of MMPose's evaluation. */
  public static final KeypointSet AP_10K =
      set(
          "ap10k",
          "left eye, right eye, nose, neck, root of tail, left shoulder, left elbow, left front"
              + " paw, right shoulder, right elbow, right front paw, left hip, left knee, left"
              + " back paw, right hip, right knee, right back paw",
          List.of(
              .025, .025, .026, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087,
              .087, .089, .089),
          "left eye - right eye - nose - left eye",
          "nose - neck - root of tail",
          "neck - left shoulder - left elbow - left front paw",
          "neck - right shoulder - right elbow - right front paw",
          "root of tail - left hip - left knee - left back paw",
          "root of tail - right hip - right knee - right back paw");

  /** 300W's 68 points of a human face; the sigmas are COCO-WholeBody's for the same points. */
  public static final KeypointSet FACE_300W =
      new KeypointSet(
          "300w",
          names(
              "right cheekbone 1, right cheekbone 2, right cheek 1, right cheek 2, right cheek 3,"
                  + " right cheek 4, right cheek 5, right chin, chin center, left chin, left cheek"
                  + " 5, left cheek 4, left cheek 3, left cheek 2, left cheek 1, left cheekbone 2,"
                  + " left cheekbone 1, right eyebrow 1, right eyebrow 2, right eyebrow 3, right"
                  + " eyebrow 4, right eyebrow 5, left eyebrow 1, left eyebrow 2, left eyebrow 3,"
                  + " left eyebrow 4, left eyebrow 5, nasal bridge 1, nasal bridge 2, nasal bridge"
                  + " 3, nasal bridge 4, right nasal wing 1, right nasal wing 2, nasal wing center,"
                  + " left nasal wing 1, left nasal wing 2, right eye eye corner 1, right eye upper"
                  + " eyelid 1, right eye upper eyelid 2, right eye eye corner 2, right eye lower"
                  + " eyelid 2, right eye lower eyelid 1, left eye eye corner 1, left eye upper"
                  + " eyelid 1, left eye upper eyelid 2, left eye eye corner 2, left eye lower"
                  + " eyelid 2, left eye lower eyelid 1, right mouth corner, upper lip outer edge"
                  + " 1, upper lip outer edge 2, upper lip outer edge 3, upper lip outer edge 4,"
                  + " upper lip outer edge 5, left mouth corner, lower lip outer edge 5, lower lip"
                  + " outer edge 4, lower lip outer edge 3, lower lip outer edge 2, lower lip outer"
                  + " edge 1, upper lip inter edge 1, upper lip inter edge 2, upper lip inter edge"
                  + " 3, upper lip inter edge 4, upper lip inter edge 5, lower lip inter edge 3,"
                  + " lower lip inter edge 2, lower lip inter edge 1"),
          join(
              List.of(
                  line(0, 16),
                  line(17, 21),
                  line(22, 26),
                  line(27, 30),
                  line(31, 35),
                  ring(36, 41),
                  ring(42, 47),
                  ring(48, 59),
                  ring(60, 67))),
          List.of(
              .042, .043, .044, .043, .040, .035, .031, .025, .020, .023, .029, .032, .037, .038,
              .043, .041, .045, .013, .012, .011, .011, .012, .012, .011, .011, .013, .015, .009,
              .007, .007, .007, .012, .009, .008, .016, .010, .017, .011, .009, .011, .009, .007,
              .013, .008, .011, .012, .010, .034, .008, .008, .009, .008, .008, .007, .010, .008,
              .009, .009, .009, .007, .007, .008, .011, .008, .008, .008, .010, .008));

  /**
   * The 21 points of a hand (OneHand10K and others); the sigmas are COCO-WholeBody's for the same
   * points. A finger's first knuckle is its tip.
   */
  public static final KeypointSet HAND =
      set(
          "hand",
          "wrist, thumb root, thumbs third knuckle, thumbs second knuckle, thumbs first knuckle,"
              + " forefingers root, forefingers third knuckle, forefingers second knuckle,"
              + " forefingers first knuckle, middle fingers root, middle fingers third knuckle,"
              + " middle fingers second knuckle, middle fingers first knuckle, ring fingers root,"
              + " ring fingers third knuckle, ring fingers second knuckle, ring fingers first"
              + " knuckle, pinky fingers root, pinky fingers third knuckle, pinky fingers second"
              + " knuckle, pinky fingers first knuckle",
          List.of(
              .029, .022, .035, .037, .047, .026, .025, .024, .035, .018, .024, .022, .026, .017,
              .021, .021, .032, .020, .019, .022, .031),
          "wrist - thumb root - thumbs third knuckle - thumbs second knuckle - thumbs first"
              + " knuckle",
          "wrist - forefingers root - forefingers third knuckle - forefingers second knuckle -"
              + " forefingers first knuckle",
          "wrist - middle fingers root - middle fingers third knuckle - middle fingers second"
              + " knuckle - middle fingers first knuckle",
          "wrist - ring fingers root - ring fingers third knuckle - ring fingers second knuckle -"
              + " ring fingers first knuckle",
          "wrist - pinky fingers root - pinky fingers third knuckle - pinky fingers second knuckle"
              + " - pinky fingers first knuckle");

  /** MacaquePose's 17 points, which are COCO's. */
  public static final KeypointSet MACAQUE =
      new KeypointSet("macaque", COCO.points(), COCO.limbs(), COCO_SIGMAS);

  /** Vinegar Fly's 32 points; no sigmas are published. */
  public static final KeypointSet FLY =
      set(
          "fly",
          "head, eye left, eye right, neck, thorax, abdomen, "
              + legs("right")
              + ", "
              + legs("left")
              + ", wing left, wing right",
          List.of(),
          "eye left - head - eye right",
          "head - neck - thorax - abdomen",
          leg("foreleg right"),
          leg("midleg right"),
          leg("hindleg right"),
          leg("foreleg left"),
          leg("midleg left"),
          leg("hindleg left"),
          "wing left - neck - wing right");

  /** Desert Locust's 35 points; no sigmas are published. */
  public static final KeypointSet LOCUST =
      set(
          "locust",
          "head, neck, thorax, abdomen1, abdomen2, anttip left, antbase left, eye left, "
              + legs("left")
              + ", anttip right, antbase right, eye right, "
              + legs("right"),
          List.of(),
          "head - neck - thorax - abdomen1 - abdomen2",
          "anttip left - antbase left - eye left",
          leg("foreleg left"),
          leg("midleg left"),
          leg("hindleg left"),
          "anttip right - antbase right - eye right",
          leg("foreleg right"),
          leg("midleg right"),
          leg("hindleg right"));

  /** AnimalWeb's nine points of an animal's face; no sigmas and no lines are published. */
  public static final KeypointSet ANIMAL_FACE =
      set(
          "animal-face",
          "right eye right, right eye left, left eye right, left eye left, nose tip, lip right, lip"
              + " left, upper lip, lower lip",
          List.of(),
          "right eye right - right eye left",
          "left eye right - left eye left",
          "nose tip - upper lip",
          "lip right - upper lip - lip left - lower lip - lip right");

  private static final List<KeypointSet> ALL =
      List.of(COCO, CROWD_POSE, AP_10K, FACE_300W, HAND, MACAQUE, FLY, LOCUST, ANIMAL_FACE);

  private static final List<String> PEOPLE =
      names("person, people, human, man, woman, child, boy, girl, baby, player");

  /** Kinds of animals that AP-10K has, by the last word of their names. */
  private static final List<String> ANIMALS =
      names(
          "animal, antelope, sheep, bison, buffalo, cow, fox, dog, wolf, beaver, monkey, deer,"
              + " moose, hamster, elephant, horse, zebra, bobcat, cat, cheetah, jaguar, leopard,"
              + " lion, panther, tiger, giraffe, hippo, chimpanzee, gorilla, rabbit, skunk, mouse,"
              + " rat, otter, weasel, raccoon, rhino, marmot, squirrel, pig, mole, bear, panda");

  private static final double OTHER_SIGMA = .025;

  private static final Map<String, KeypointSet> BY_WORD = new HashMap<>();

  static {
    PEOPLE.forEach(word -> BY_WORD.put(word, COCO));
    ANIMALS.forEach(word -> BY_WORD.put(word, AP_10K));
    BY_WORD.put("face", FACE_300W);
    BY_WORD.put("hand", HAND);
    BY_WORD.put("macaque", MACAQUE);
    BY_WORD.put("fly", FLY);
    BY_WORD.put("locust", LOCUST);
  }

  private KeypointSets() {}

  /** All published sets. */
  public static List<KeypointSet> all() {
    return ALL;
  }

  /**
   * A published set by its name, or the user's own list.
   *
   * @param text a name such as "coco" or "300w", or two or more names of points separated by commas
   * @throws IllegalArgumentException if it is neither
   */
  public static KeypointSet parse(String text) {
    String wanted = text.strip().toLowerCase(Locale.ROOT);
    Optional<KeypointSet> known = ALL.stream().filter(s -> s.name().equals(wanted)).findFirst();
    if (known.isPresent()) {
      return known.get();
    }
    if (!text.contains(",")) {
      throw new IllegalArgumentException(
          "keypoint set '"
              + text
              + "' is not known: give one of "
              + ALL.stream().map(KeypointSet::name).collect(Collectors.joining(", "))
              + ", or your own points separated by commas");
    }
    return KeypointSet.ofList(text);
  }

  /**
   * The falloffs that the reference trains and evaluates every set of points with
   * (modeling_unipose.py, datasets/evaluation/unikpt_eval.py): COCO's by position, and 0.025 for
   * all further points.
   *
   * @param points how many the set has
   */
  public static List<Double> sigmasByPosition(int points) {
    return IntStream.range(0, points)
        .mapToObj(i -> i < COCO_SIGMAS.size() ? COCO_SIGMAS.get(i) : OTHER_SIGMA)
        .toList();
  }

  /** The set that objects of a class usually have, such as "person" or "snow leopard". */
  public static Optional<KeypointSet> ofClass(String label) {
    String[] words = label.strip().toLowerCase(Locale.ROOT).split("[\\s_-]+");
    String last = words[words.length - 1];
    boolean animal = words.length > 1 && ANIMALS.contains(words[words.length - 2]);
    return Optional.ofNullable(animal && last.equals("face") ? ANIMAL_FACE : BY_WORD.get(last));
  }

  /**
   * @param chains names of points with lines between neighbours, joined by " - "
   */
  private static KeypointSet set(
      String name, String points, List<Double> sigmas, String... chains) {
    List<String> names = names(points);
    List<Limb> limbs = new ArrayList<>();
    for (String chain : chains) {
      int[] at = Arrays.stream(chain.split(" - ")).mapToInt(names::indexOf).toArray();
      for (int i = 1; i < at.length; i++) {
        limbs.add(new Limb(at[i - 1], at[i]));
      }
    }
    return new KeypointSet(name, names, limbs, sigmas);
  }

  private static List<String> names(String list) {
    return List.of(list.split(", "));
  }

  private static List<Limb> line(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> new Limb(i, i + 1)).toList();
  }

  private static List<Limb> ring(int from, int to) {
    return join(List.of(line(from, to), List.of(new Limb(to, from))));
  }

  private static List<Limb> join(List<List<Limb>> parts) {
    return parts.stream().flatMap(List::stream).toList();
  }

  /** The points of an insect's three legs on one side. */
  private static String legs(String side) {
    return IntStream.range(0, 3)
        .mapToObj(i -> leg(List.of("foreleg ", "midleg ", "hindleg ").get(i) + side))
        .collect(Collectors.joining(", "))
        .replace(" - ", ", ");
  }

  private static String leg(String name) {
    return name
        + " base - "
        + name
        + " first segment - "
        + name
        + " second segment - "
        + name
        + " tip";
  }
}
