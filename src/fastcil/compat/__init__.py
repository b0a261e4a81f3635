"""The names, results and listener models of the documented CILs: java, dotnet, cpp.

They hold no logic: everything is done by fastcil.cil and fastcil.codec.
"""
