"""Files of fine-tuning examples: kept, checked, tuned on."""
