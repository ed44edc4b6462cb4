package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Look.Pattern;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What a person looks like beside the pose.
 *
 * @param sleeve share of the arm that is covered; likewise trousers of the leg
 * @param hem how far the top reaches down over the hips, 0..1
 * @param loose how much wider clothes are than limbs
 */
record Wardrobe(
    Look skin,
    Look hair,
    Look top,
    Look bottom,
    Look shoes,
    double sleeve,
    double trousers,
    double hem,
    double loose,
    boolean skirt,
    HairStyle style) {
  /** What is on the head. */
  enum HairStyle {
    BALD,
    SHORT,
    LONG,
    BUN,
    CAP
  }

  private static final List<Integer> SKINS =
      List.of(0xf6d7bd, 0xeec1a2, 0xe0ac85, 0xc98f65, 0xa66d45, 0x7d4e30, 0x543523);
  private static final List<Integer> HAIRS =
      List.of(0x1c1614, 0x3b2618, 0x6a4526, 0xa7763c, 0xd9b36a, 0x8f3f1f, 0x8d8d8d, 0xd8d8d8);

  static Look skin(RandomGenerator random) {
    return Look.plain(Look.near(any(SKINS, random), random));
  }

  static Look hair(RandomGenerator random) {
    return Look.plain(
        random.nextInt(12) == 0 ? Look.cloth(random) : Look.near(any(HAIRS, random), random));
  }

  static Wardrobe random(RandomGenerator random) {
    boolean skirt = random.nextInt(5) == 0;
    Look top = cloth(random);
    return new Wardrobe(
        skin(random),
        hair(random),
        top,
        random.nextInt(6) == 0 ? top : Look.plain(Look.cloth(random)),
        Look.plain(Look.cloth(random)),
        any(List.of(0.0, 0.25, 0.35, 0.95, 1.0), random),
        skirt ? 0 : any(List.of(0.3, 0.5, 0.95, 1.0), random),
        random.nextDouble(),
        1.05 + 0.3 * random.nextDouble(),
        skirt,
        HairStyle.values()[random.nextInt(HairStyle.values().length)]);
  }

  private static Look cloth(RandomGenerator random) {
    Pattern pattern =
        any(List.of(Pattern.PLAIN, Pattern.PLAIN, Pattern.STRIPES, Pattern.SPOTS), random);
    return new Look(
        Look.cloth(random), pattern, Look.cloth(random), 0.03 + 0.04 * random.nextDouble());
  }

  static <T> T any(List<T> list, RandomGenerator random) {
    return list.get(random.nextInt(list.size()));
  }
}
