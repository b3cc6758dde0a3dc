"""AudioFuse in Keras on TensorFlow, written from the paper's description.

A ViT on the log-Mel image and a 1-D CNN on the waveform, concatenated. The positions are a table that nothing trains,
as in the authors' code: a constant, which is why the model has the 2 556 481 parameters that the paper states.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

PARAMETERS = 2_556_481


def audiofuse(*, precision: str = "float32", jit_compile: bool = False) -> keras.Model:
    """Return the compiled model: inputs [batch, 224, 224, 1] and [batch, 110250, 1], one probability.

    Parameters
    ----------
    precision : str
        ``float32`` or ``mixed_bfloat16``.
    jit_compile : bool
        Whether XLA compiles the step.
    """
    keras.config.set_dtype_policy(precision)
    image = keras.Input((224, 224, 1))
    wave = keras.Input((110_250, 1))
    joined = layers.Concatenate()([_spectral(image), _temporal(wave)])
    hidden = layers.Dropout(0.5)(layers.Dense(192, activation="relu")(joined))
    model = keras.Model([image, wave], layers.Dense(1, activation="sigmoid", dtype="float32")(hidden))
    if model.count_params() != PARAMETERS:
        raise SystemExit(f"the Keras model has {model.count_params()} parameters; the paper states {PARAMETERS}")
    _start_attention(model)
    model.compile(
        optimizer=keras.optimizers.AdamW(3e-4, weight_decay=1e-4, epsilon=1e-7),
        loss="binary_crossentropy",
        jit_compile=jit_compile,
    )
    return model


def _start_attention(model: keras.Model) -> None:
    """Draw the weights of attention as the Keras of the authors did (TensorFlow 2.18).

    It took the first axis of a projection for the extent of a filter; since pull request 22789 of keras-team/keras, of
    2026, Keras draws them two to four times wider.
    """
    for layer in model.layers:
        if isinstance(layer, layers.MultiHeadAttention):
            for kernel in layer.weights:
                if kernel.name == "kernel":
                    extent, *fans = kernel.shape
                    bound = (6 / (extent * sum(fans))) ** 0.5
                    kernel.assign(keras.random.uniform(kernel.shape, -bound, bound))


def _spectral(image: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Reshape((196, 192))(layers.Conv2D(192, 16, strides=16)(image))
    table = np.random.default_rng(0).uniform(-0.05, 0.05, (196, 192)).astype("float32")
    x = x + keras.ops.cast(table, x.dtype)
    for _ in range(6):
        normal = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.MultiHeadAttention(8, 24, dropout=0.2)(normal, normal)
        normal = layers.LayerNormalization(epsilon=1e-6)(x)
        for width in (384, 192):
            normal = layers.Dropout(0.2)(layers.Dense(width, activation="gelu")(normal))
        x = x + normal
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization(epsilon=1e-6)(x))


def _temporal(wave: keras.KerasTensor) -> keras.KerasTensor:
    x = wave
    for width in (64, 128, 256):
        x = layers.BatchNormalization()(layers.Conv1D(width, 16, strides=4, padding="same", activation="relu")(x))
        if width < 256:
            x = layers.MaxPooling1D(4)(x)
    return layers.Dense(64, activation="relu")(layers.GlobalAveragePooling1D()(x))
