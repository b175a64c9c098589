"""Which settings a config of each model type may carry, and what kind of value each takes.

The names are those that save_pretrained of transformers 4 and 5 writes. A name that is not here is left out of the
rebuilt file; a value of another kind is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sanitizer.mark import KEY as MARK
from sanitizer.vet.forms import (
    Form,
    anything,
    by_label,
    by_number,
    count,
    flag,
    heads,
    identifier,
    mapping,
    number,
    plain,
    problem,
    switches,
    text,
    token,
    word,
    words,
)


def _all(form: Form, names: str) -> dict[str, Form]:
    return dict.fromkeys(names.split(), form)


_GENERATION: Mapping[str, Form] = MappingProxyType(
    {
        **_all(
            flag,
            "do_sample early_stopping output_scores return_dict_in_generate remove_invalid_values use_cache "
            "output_attentions output_hidden_states",
        ),
        **_all(
            number,
            "max_length min_length num_beams num_beam_groups diversity_penalty temperature top_k top_p typical_p "
            "repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size num_return_sequences",
        ),
        **_all(
            token,
            "bos_token_id eos_token_id pad_token_id decoder_start_token_id forced_bos_token_id forced_eos_token_id "
            "suppress_tokens begin_suppress_tokens",
        ),
        **_all(plain, "bad_words_ids exponential_decay_length_penalty"),
    }
)
_COMMON: Mapping[str, Form] = MappingProxyType(
    {
        **_GENERATION,
        **_all(
            flag,
            "return_dict torchscript use_bfloat16 tf_legacy_loss is_encoder_decoder is_decoder add_cross_attention "
            "tie_word_embeddings tie_encoder_decoder gradient_checkpointing",
        ),
        **_all(count, "num_labels vocab_size chunk_size_feed_forward cross_attention_hidden_size"),
        **_all(number, "classifier_dropout initializer_range"),
        **_all(token, "sep_token_id cls_token_id mask_token_id unk_token_id"),
        **_all(word, "model_type dtype torch_dtype tokenizer_class position_embedding_type"),
        "problem_type": problem,
        **_all(text, "finetuning_task prefix"),
        "architectures": anything,
        "id2label": by_number,
        "label2id": by_label,
        "pruned_heads": heads,
        "task_specific_params": mapping,
        "quantization_config": anything,
        MARK: plain,
    }
)
_ENCODER: Mapping[str, Form] = MappingProxyType(
    {
        **_all(
            count,
            "hidden_size num_hidden_layers num_attention_heads intermediate_size max_position_embeddings "
            "type_vocab_size",
        ),
        **_all(number, "hidden_dropout_prob attention_probs_dropout_prob layer_norm_eps"),
        **_all(identifier, "hidden_act"),
    }
)
_ROPE: Mapping[str, Form] = MappingProxyType(
    {
        **_all(mapping, "rope_scaling rope_parameters"),
        **_all(number, "rope_theta partial_rotary_factor"),
    }
)
_LLAMA: Mapping[str, Form] = MappingProxyType(
    {
        **_ROPE,
        **_all(
            count,
            "hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim intermediate_size "
            "max_position_embeddings pretraining_tp sliding_window",
        ),
        **_all(number, "rms_norm_eps attention_dropout"),
        **_all(flag, "attention_bias mlp_bias"),
        **_all(identifier, "hidden_act"),
        "layer_types": words,
    }
)
_QWEN: Mapping[str, Form] = MappingProxyType(
    {**_LLAMA, **_all(flag, "use_sliding_window use_mrope"), "max_window_layers": count}
)
_GEMMA: Mapping[str, Form] = MappingProxyType(
    {**_LLAMA, "hidden_activation": identifier, "use_bidirectional_attention": flag}
)
_GEMMA2: Mapping[str, Form] = MappingProxyType(
    {
        **_GEMMA,
        **_all(number, "query_pre_attn_scalar final_logit_softcapping attn_logit_softcapping"),
        "cache_implementation": word,
    }
)

SETTINGS: Mapping[str, Mapping[str, Form]] = MappingProxyType(
    {
        "bert": _ENCODER,
        "roberta": _ENCODER,
        "xlm-roberta": _ENCODER,
        "electra": {
            **_ENCODER,
            "embedding_size": count,
            **_all(identifier, "summary_type summary_activation"),
            "summary_use_proj": flag,
            "summary_last_dropout": number,
        },
        "distilbert": {
            **_all(count, "max_position_embeddings n_layers n_heads dim hidden_dim"),
            **_all(number, "dropout attention_dropout qa_dropout seq_classif_dropout"),
            "sinusoidal_pos_embds": flag,
            "activation": identifier,
        },
        "modernbert": {
            **_ENCODER,
            **_ROPE,
            **_all(count, "local_attention sparse_pred_ignore_index global_attn_every_n_layers"),
            **_all(number, "initializer_cutoff_factor norm_eps attention_dropout embedding_dropout mlp_dropout"),
            **_all(number, "global_rope_theta local_rope_theta"),
            **_all(flag, "norm_bias attention_bias mlp_bias decoder_bias classifier_bias deterministic_flash_attn"),
            **_all(flag, "sparse_prediction reference_compile repad_logits_with_grad"),
            **_all(identifier, "hidden_activation classifier_pooling classifier_activation"),
            "layer_types": words,
        },
        "gpt2": {
            **_all(count, "n_positions n_embd n_layer n_head n_inner n_ctx"),
            **_all(number, "resid_pdrop embd_pdrop attn_pdrop layer_norm_epsilon summary_first_dropout"),
            **_all(word, "activation_function summary_type summary_activation"),
            **_all(flag, "summary_use_proj summary_proj_to_labels scale_attn_weights scale_attn_by_inverse_layer_idx"),
            "reorder_and_upcast_attn": flag,
        },
        "gpt_neox": {
            **_ENCODER,
            **_ROPE,
            **_all(number, "attention_dropout hidden_dropout rotary_pct rotary_emb_base"),
            **_all(flag, "use_parallel_residual attention_bias"),
        },
        "opt": {
            **_all(count, "hidden_size num_hidden_layers num_attention_heads ffn_dim max_position_embeddings"),
            "word_embed_proj_dim": count,
            **_all(number, "dropout attention_dropout activation_dropout layerdrop init_std"),
            **_all(flag, "do_layer_norm_before _remove_final_layer_norm enable_bias layer_norm_elementwise_affine"),
            "activation_function": identifier,
        },
        "llama": _LLAMA,
        "mistral": _LLAMA,
        "qwen2": _QWEN,
        "qwen3": _QWEN,
        "gemma": _GEMMA,
        "gemma2": _GEMMA2,
        "gemma3_text": {
            **_GEMMA2,
            **_all(number, "rope_local_base_freq"),
            **_all(count, "sliding_window_pattern _sliding_window_pattern"),
        },
        "phi3": {
            **_LLAMA,
            **_all(number, "resid_pdrop embd_pdrop original_max_position_embeddings"),
        },
    }
)
"""Model type -> what a config of this type says beyond what all configs say."""

GENERATION: Mapping[str, Form] = MappingProxyType(
    {
        **_GENERATION,
        **_all(
            flag,
            "_from_model_config output_logits renormalize_logits low_memory token_healing disable_compile is_assistant "
            "use_mtp",
        ),
        **_all(
            number,
            "max_new_tokens min_new_tokens min_p top_h penalty_alpha guidance_scale epsilon_cutoff eta_cutoff max_time "
            "encoder_repetition_penalty num_assistant_tokens assistant_confidence_threshold assistant_early_exit "
            "assistant_lookbehind target_lookbehind assistant_ensemble_weight prompt_lookup_num_tokens "
            "max_matching_ngram_size prefill_chunk_size max_cache_len",
        ),
        **_all(token, "sep_token_id cls_token_id"),
        **_all(word, "cache_implementation num_assistant_tokens_schedule speculation_type"),
        **_all(
            plain,
            "sequence_bias force_words_ids forced_decoder_ids stop_strings watermarking_config dola_layers "
            "constraints chat_format",
        ),
        **_all(switches, "cache_config compile_config continuous_batching_config"),
        # Some say `never`, which transformers takes too.
        "early_stopping": lambda value: flag(value) or word(value),
    }
)
"""What a generation config may say, whatever the model."""

FORGOTTEN = frozenset(
    "directionality pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type "
    "output_past _num_labels n_special predict_special_tokens xla_device unsloth_version unsloth_fixed "
    "_attn_implementation_autoset transformers.js_config".split()
)
"""Settings that older tools wrote and nothing reads: left out without a word."""


def allowed(model_type: str) -> Mapping[str, Form] | None:
    """Every setting of a model type, or None for a type whose settings are not known."""
    own = SETTINGS.get(model_type)
    return None if own is None else {**_COMMON, **own}
