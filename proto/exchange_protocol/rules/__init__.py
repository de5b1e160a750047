"""The rules: statements, lifecycle, access, policy, directory, judgement."""
