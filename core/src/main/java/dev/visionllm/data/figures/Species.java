package dev.visionllm.data.figures;

import dev.visionllm.data.figures.Look.Pattern;
import java.util.List;

/**
 * A kind of four-legged animal. Lengths are in units of about the height of a horse's shoulder; all
 * vary from animal to animal.
 *
 * @param name a word that geometry.KeypointSets knows
 * @param leg length below the trunk
 * @param trunk from shoulder to hip
 * @param girth radius of the chest
 * @param rump radius behind, as a share of the girth
 * @param limb radius of the upper legs
 * @param neck length
 * @param rise angle of the neck above the horizon, degrees
 * @param head radius of the skull
 * @param muzzle length of what stands out from the skull
 * @param ears what they are like
 * @param tail length
 * @param tailRadius at its end
 * @param extra what else there is
 * @param coats colours that it comes in
 */
record Species(
    String name,
    double leg,
    double trunk,
    double girth,
    double rump,
    double limb,
    double neck,
    double rise,
    double head,
    double muzzle,
    Ears ears,
    double tail,
    double tailRadius,
    Extra extra,
    List<Coat> coats) {
  enum Ears {
    POINTED,
    ROUND,
    HANGING,
    LONG
  }

  /** Something on head, neck or body. */
  enum Extra {
    NONE,
    MANE,
    HORNS,
    WOOL
  }

  /**
   * Colours 0xRRGGBB.
   *
   * @param second of the pattern
   * @param pale of muzzle and lower legs
   * @param step of the pattern
   */
  record Coat(int colour, int second, int pale, Pattern pattern, double step) {
    static Coat plain(int colour, int pale) {
      return new Coat(colour, colour, pale, Pattern.PLAIN, 1);
    }
  }

  static final List<Species> ALL =
      List.of(
          new Species(
              "dog",
              .42,
              .66,
              .17,
              .8,
              .06,
              .26,
              48,
              .14,
              .17,
              Ears.HANGING,
              .36,
              .025,
              Extra.NONE,
              List.of(
                  Coat.plain(0xb9844a, 0xe0c396),
                  Coat.plain(0x5b3a22, 0x7a5332),
                  Coat.plain(0x26221f, 0xa8743d),
                  Coat.plain(0xe9dcc4, 0xf3ecdf),
                  new Coat(0xf2eee6, 0x5a3c28, 0xf2eee6, Pattern.PATCHES, .12),
                  new Coat(0xf6f4ef, 0x1d1b1a, 0xf6f4ef, Pattern.SPOTS, .09))),
          new Species(
              "cat",
              .3,
              .56,
              .13,
              .95,
              .045,
              .13,
              40,
              .13,
              .06,
              Ears.POINTED,
              .55,
              .03,
              Extra.NONE,
              List.of(
                  Coat.plain(0x2b2a2c, 0x3a383b),
                  Coat.plain(0x8f9299, 0xc7c9cd),
                  new Coat(0xd98a3d, 0xb5652a, 0xf3dcc0, Pattern.STRIPES, .08),
                  new Coat(0x9a8b78, 0x5c5045, 0xcfc4b5, Pattern.STRIPES, .07),
                  new Coat(0xf4efe6, 0x3b332e, 0xf4efe6, Pattern.PATCHES, .1))),
          new Species(
              "horse",
              .72,
              .9,
              .25,
              .95,
              .075,
              .5,
              50,
              .14,
              .3,
              Ears.POINTED,
              .55,
              .06,
              Extra.MANE,
              List.of(
                  Coat.plain(0x7b4a28, 0x2e1d14),
                  Coat.plain(0x3a2a22, 0x241a15),
                  Coat.plain(0xd8d2c8, 0xb9b2a8),
                  Coat.plain(0xb9793f, 0xf0e6d6),
                  new Coat(0xf0ebe2, 0x7b4a28, 0xf0ebe2, Pattern.PATCHES, .2))),
          new Species(
              "zebra",
              .6,
              .85,
              .25,
              .95,
              .07,
              .42,
              48,
              .14,
              .25,
              Ears.ROUND,
              .42,
              .03,
              Extra.MANE,
              List.of(
                  new Coat(0xf3f0ea, 0x1f1d1c, 0x2b2827, Pattern.STRIPES, .09),
                  new Coat(0xf3f0ea, 0x2a2522, 0x2b2827, Pattern.STRIPES, .12))),
          new Species(
              "cow",
              .5,
              1.0,
              .3,
              .98,
              .075,
              .3,
              22,
              .17,
              .2,
              Ears.HANGING,
              .55,
              .03,
              Extra.HORNS,
              List.of(
                  new Coat(0xf4f1ea, 0x211e1d, 0xe6b8a8, Pattern.PATCHES, .22),
                  Coat.plain(0x8a4f2a, 0xe3c3a0),
                  Coat.plain(0xd9b98a, 0xf0e2c8),
                  new Coat(0xf4f1ea, 0x8a4f2a, 0xe6b8a8, Pattern.PATCHES, .2))),
          new Species(
              "sheep",
              .34,
              .6,
              .22,
              1,
              .045,
              .16,
              35,
              .11,
              .13,
              Ears.HANGING,
              .12,
              .05,
              Extra.WOOL,
              List.of(
                  Coat.plain(0xf3efe4, 0x2c2826),
                  Coat.plain(0xeae2d0, 0xd9c7ab),
                  Coat.plain(0x5a4a40, 0x2c2826))),
          new Species(
              "pig",
              .26,
              .74,
              .25,
              1,
              .06,
              .1,
              12,
              .17,
              .13,
              Ears.POINTED,
              .14,
              .015,
              Extra.NONE,
              List.of(
                  Coat.plain(0xf0b3ad, 0xe79a96),
                  new Coat(0xf0b3ad, 0x3a3331, 0xe79a96, Pattern.PATCHES, .18),
                  Coat.plain(0x4a403d, 0x6a5a55))),
          new Species(
              "fox",
              .32,
              .56,
              .12,
              .9,
              .042,
              .18,
              42,
              .12,
              .13,
              Ears.POINTED,
              .5,
              .075,
              Extra.NONE,
              List.of(Coat.plain(0xd2662a, 0xf3ece2), Coat.plain(0xb9bcc2, 0xeceff2))),
          new Species(
              "tiger",
              .42,
              .9,
              .19,
              .95,
              .075,
              .2,
              25,
              .17,
              .1,
              Ears.ROUND,
              .62,
              .035,
              Extra.NONE,
              List.of(
                  new Coat(0xe08a35, 0x231c17, 0xf5e6d0, Pattern.STRIPES, .12),
                  new Coat(0xf0ece4, 0x2b2724, 0xf6f3ee, Pattern.STRIPES, .12))),
          new Species(
              "giraffe",
              .9,
              .7,
              .24,
              .85,
              .07,
              .95,
              66,
              .12,
              .2,
              Ears.ROUND,
              .5,
              .025,
              Extra.HORNS,
              List.of(
                  new Coat(0xe6c98f, 0x9a5f2c, 0xe6c98f, Pattern.SPOTS, .13),
                  new Coat(0xdcb675, 0x7a4522, 0xdcb675, Pattern.SPOTS, .16))),
          new Species(
              "rabbit",
              .2,
              .36,
              .14,
              1.15,
              .045,
              .08,
              45,
              .11,
              .05,
              Ears.LONG,
              .06,
              .05,
              Extra.NONE,
              List.of(
                  Coat.plain(0xa58a6b, 0xd9c8b2),
                  Coat.plain(0xf2efea, 0xf8f5f0),
                  Coat.plain(0x6d6a68, 0x9a9693))));
}
