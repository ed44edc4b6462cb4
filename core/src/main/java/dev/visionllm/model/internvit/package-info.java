/** InternViT, the image encoder of the 26B line. No preprocessing, no other network. */
package dev.visionllm.model.internvit;
